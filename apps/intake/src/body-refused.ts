/** A request body that intake does not take. The dialect's handler turns it into its own kind of answer. */
export class BodyRefusedError extends Error {
  override readonly name = 'BodyRefusedError'
  readonly code = 'BODY_REFUSED'
  readonly retryable = false
  readonly status: 400 | 413 | 415
  /** Names the page below docs/problems. */
  readonly problem: 'damaged-body' | 'body-too-large' | 'unsupported-encoding'

  constructor(status: 400 | 413 | 415, problem: 'damaged-body' | 'body-too-large' | 'unsupported-encoding', message: string, options?: ErrorOptions) {
    super(message, options)
    this.status = status
    this.problem = problem
  }
}
