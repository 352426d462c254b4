/** The lines of an answer as they arrive, without their ends; empty ones as well. The last needs no end. */
export async function* readLines({ body }: Pick<Response, 'body'>): AsyncGenerator<string> {
  if (body === null) return
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      const lines = (rest + value).split('\n')
      rest = lines.pop() ?? ''
      yield* lines
    }
    if (rest !== '') yield rest
  } finally {
    await reader.cancel().catch(() => undefined) // who leaves early lets the server know
  }
}
