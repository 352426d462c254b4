/** Aborts at SIGTERM or SIGINT; a second signal ends the process at once. */
export function stopSignal(): AbortSignal {
  const stop = new AbortController()
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => {
    stop.abort()
  })
  return stop.signal
}
