/** Aborts at SIGTERM or SIGINT; a second signal ends the process at once. By ourselves: the kernel spares the first process of a container what it does to others. */
export function stopSignal(): AbortSignal {
  const stop = new AbortController()
  for (const [name, code] of [['SIGTERM', 143], ['SIGINT', 130]] as const) process.on(name, () => {
    if (stop.signal.aborted) process.exit(code)
    stop.abort()
  })
  return stop.signal
}
