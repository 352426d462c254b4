import type { ReactElement } from 'react'

interface ErrorNoticeProps {
  readonly error: unknown
  readonly onRetry?: () => void
}

/** What went wrong, in the server's own words. */
export function ErrorNotice({ error, onRetry }: ErrorNoticeProps): ReactElement | null {
  if (error === undefined) return null
  return (
    <div className="error-notice" role="alert">
      <span>{error instanceof Error ? error.message : String(error)}</span>
      {onRetry === undefined ? null : <button type="button" onClick={onRetry}>Try again</button>}
    </div>
  )
}
