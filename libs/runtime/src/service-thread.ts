import { parentPort, Worker, workerData } from 'node:worker_threads'
import assert from 'node:assert/strict'
import { collectGarbage } from './collect-garbage.ts'
import { collectWhenIdle } from './collect-when-idle.ts'
import { systemClock } from './system-clock.ts'

/** A service that lives in a thread of its own, with its own connections and caches. Inputs and outputs are copied (structured clone). */
export interface ServiceThread extends AsyncDisposable {
  /**
   * Calls a method of the service. When `signal` aborts, the method's own signal does.
   *
   * @throws an error with the name, message, `code` and `retryable` of the one that was thrown there. @throws {ThreadGoneError}
   */
  call(method: string, input: unknown, signal: AbortSignal): Promise<unknown>
}

/** The thread ended while it was asked, for want of memory for instance. The next call starts it again. */
export class ThreadGoneError extends Error {
  override readonly name = 'ThreadGoneError'
  readonly code = 'THREAD_GONE'
  readonly retryable = true
}

export interface ServiceThreadOptions {
  /** `file:` address of a module that calls {@link serveInThread}. */
  readonly module: string
  /** Given to the service when it opens. */
  readonly data: unknown
  /** The thread's heap; beyond it the thread ends and the process lives on. */
  readonly maxHeapMb: number
}

/** Starts the thread and waits until its service is open. */
export async function openServiceThread(options: ServiceThreadOptions): Promise<ServiceThread> {
  const thread = new CallingThread(options)
  await thread.call(OPENED, undefined, new AbortController().signal)
  return thread
}

export type ServiceMethods = Readonly<Record<string, (input: never, signal: AbortSignal) => Promise<unknown>>>

/** Runs in the thread: opens the service and answers calls until the thread ends. */
export async function serveInThread<Data>(open: (data: Data) => Promise<{ readonly methods: ServiceMethods; close(): Promise<void> }>): Promise<void> {
  assert(parentPort !== null, 'a service thread is started by openServiceThread')
  const port = parentPort
  const service = await open(workerData as Data)
  collectGarbage()
  const ended = new AbortController()
  void collectWhenIdle({ clock: systemClock, signal: ended.signal })
  const calls = new Map<number, AbortController>()
  port.on('message', (message: CallMessage | AbortMessage | CloseMessage) => {
    if (message.type === 'abort') calls.get(message.id)?.abort()
    else if (message.type === 'close') {
      ended.abort()
      void service.close().finally(() => {
        port.close()
      })
    } else void answer(message)
  })

  const answer = async ({ id, method, input }: CallMessage): Promise<void> => {
    const abort = new AbortController()
    calls.set(id, abort)
    try {
      const run = method === OPENED ? () => Promise.resolve(undefined) : service.methods[method]
      assert(run !== undefined, `the service has a method ${method}`)
      port.postMessage({ id, output: await run(input as never, abort.signal) } satisfies AnswerMessage)
    } catch (error) {
      port.postMessage({ id, error: plainError(error) } satisfies AnswerMessage)
    } finally {
      calls.delete(id)
    }
  }
}

const OPENED = ''

interface CallMessage {
  readonly type: 'call'
  readonly id: number
  readonly method: string
  readonly input: unknown
}

interface AbortMessage {
  readonly type: 'abort'
  readonly id: number
}

interface CloseMessage {
  readonly type: 'close'
}

interface AnswerMessage {
  readonly id: number
  readonly output?: unknown
  readonly error?: PlainError
}

interface PlainError {
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  readonly code: unknown
  readonly retryable: unknown
}

function plainError(error: unknown): PlainError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), stack: undefined, code: undefined, retryable: undefined }
  return { name: error.name, message: error.message, stack: error.stack, code: 'code' in error ? error.code : undefined, retryable: 'retryable' in error ? error.retryable : undefined }
}

function errorFrom({ name, message, stack, code, retryable }: PlainError): Error {
  const error = new Error(message)
  if (stack !== undefined) error.stack = stack
  return Object.assign(error, { name }, code === undefined ? {} : { code }, retryable === undefined ? {} : { retryable })
}

class CallingThread implements ServiceThread {
  readonly #options: ServiceThreadOptions
  readonly #waiting = new Map<number, { resolve: (output: unknown) => void; reject: (error: Error) => void }>()
  #worker: Worker | undefined
  #lastId = 0

  constructor(options: ServiceThreadOptions) {
    this.#options = options
  }

  call(method: string, input: unknown, signal: AbortSignal): Promise<unknown> {
    const worker = (this.#worker ??= this.#start())
    const id = ++this.#lastId
    const abort = (): void => {
      worker.postMessage({ type: 'abort', id } satisfies AbortMessage)
    }
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      worker.postMessage({ type: 'call', id, method, input } satisfies CallMessage)
      if (signal.aborted) abort()
      else signal.addEventListener('abort', abort, { once: true })
    }).finally(() => {
      signal.removeEventListener('abort', abort)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const worker = this.#worker
    if (worker === undefined) return
    const ended = new Promise((resolve) => worker.once('exit', resolve))
    worker.postMessage({ type: 'close' } satisfies CloseMessage)
    await ended
  }

  #start(): Worker {
    const { module, data, maxHeapMb } = this.#options
    const worker = new Worker(new URL(module), { workerData: data, resourceLimits: { maxOldGenerationSizeMb: maxHeapMb } })
    worker.on('message', ({ id, output, error }: AnswerMessage) => {
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (error === undefined) waiting?.resolve(output)
      else waiting?.reject(errorFrom(error))
    })
    let cause: unknown
    worker.on('error', (error) => {
      cause = error
    })
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = undefined
      for (const { reject } of this.#waiting.values()) reject(new ThreadGoneError('the thread ended while it was asked', { cause }))
      this.#waiting.clear()
    })
    return worker
  }
}
