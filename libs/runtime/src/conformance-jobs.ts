/** Jobs that the conformance suite of workers runs in other threads. */

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

export async function sumLater(numbers: readonly number[]): Promise<number> {
  await new Promise((resolve) => setImmediate(resolve))
  return sum(numbers)
}

export function echo(value: unknown): unknown {
  return value
}

export function overwrite(bytes: Uint8Array): Uint8Array {
  return bytes.fill(9)
}

export function fail(message: string): never {
  throw new KettleError(message)
}

/** The thread that runs it. */
export async function threadOf(): Promise<number> {
  const { threadId } = await import('node:worker_threads')
  return threadId
}

/** The niceness of that thread; on Linux only. */
export async function nicenessOfThread(): Promise<number> {
  const { readFileSync } = await import('node:fs')
  return Number(readFileSync('/proc/thread-self/stat', 'utf8').split(') ').at(-1)?.split(' ')[16])
}

class KettleError extends Error {
  override readonly name = 'KettleError'
}
