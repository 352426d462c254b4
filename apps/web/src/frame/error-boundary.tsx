import { Component, type ReactNode } from 'react'

/** Shows what went wrong where a part of the page cannot be drawn: a fault of ours, which must not take the rest away. A class, since React has no other way. */
export class ErrorBoundary extends Component<{ readonly children: ReactNode }, { readonly problem: string | undefined }> {
  override state: { readonly problem: string | undefined } = { problem: undefined }

  static getDerivedStateFromError(error: unknown): { readonly problem: string } {
    return { problem: error instanceof Error ? error.message : String(error) }
  }

  override render(): ReactNode {
    if (this.state.problem === undefined) return this.props.children
    return <div className="error-notice" role="alert"><span>This part of the page failed: {this.state.problem}</span><button type="button" onClick={() => { this.setState({ problem: undefined }) }}>Try again</button></div>
  }
}
