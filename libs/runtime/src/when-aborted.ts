/** Resolves once `signal` has aborted, at once where it has already. */
export function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => {
      resolve()
    }, { once: true })
  })
}
