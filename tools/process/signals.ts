let isHandled = false

/** Signals end the tool through `exit`, so that its children end with it, unless the tool waits for them itself. */
export function endOnSignals(): void {
  if (isHandled) return
  isHandled = true
  for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]] as const) process.once(signal, () => process.exit(code))
}

/** Resolves at the first signal, for a tool that ends its children in order. To be called before any child is started; a second signal ends the tool at once. */
export function stopAsked(): Promise<void> {
  isHandled = true
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => {
      resolve()
      endAtSecond()
    })
  })
}

function endAtSecond(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1))
}
