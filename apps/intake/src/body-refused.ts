/** A request body that intake does not take. The dialect's handler turns it into its own kind of answer. */
export class BodyRefusedError extends Error {
  override readonly name = 'BodyRefusedError'
  readonly code = 'BODY_REFUSED'
  readonly retryable = false
  readonly status: 400 | 408 | 413 | 415
  /** Names the page below docs/problems. */
  readonly problem: Problem

  constructor(status: 400 | 408 | 413 | 415, problem: Problem, message: string, options?: ErrorOptions) {
    super(message, options)
    this.status = status
    this.problem = problem
  }
}

type Problem = 'damaged-body' | 'slow-body' | 'body-too-large' | 'unsupported-encoding'
