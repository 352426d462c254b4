/** The only door to other threads: runs pure functions of plain data where they do not block the event loop. */
export interface Workers extends AsyncDisposable {
  /**
   * Calls the exported function `name` of a module with `input`, in some worker thread, and answers what it returns.
   * Input and output are copied (structured clone): typed arrays, maps and bigints may be in them, functions may not.
   *
   * @throws what the function throws; an error's class is lost on the way, its name and message are kept.
   */
  run<Input, Output>(job: Job<Input, Output>, input: Input): Promise<Output>
}

/** A function that a worker can find again: `defineJob<I, O>(import.meta.resolve('./build-pack.ts'), 'buildPack')`. */
export interface Job<Input, Output> {
  /** `file:` address of the module. */
  readonly module: string
  readonly name: string
  /** Never set: carries the types. */
  readonly types?: (input: Input) => Output
}

export function defineJob<Input, Output>(module: string, name: string): Job<Input, Output> {
  return { module, name }
}
