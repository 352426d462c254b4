import type { ServerResponse } from 'node:http'

/** Resolves when the client can take more, or is gone. */
export async function writeText(response: ServerResponse, text: string): Promise<void> {
  if (text === '' || response.write(text) || response.destroyed) return
  await new Promise<void>((resolve) => {
    const go = (): void => {
      response.off('drain', go).off('close', go)
      resolve()
    }
    response.on('drain', go).on('close', go)
  })
}
