/**
 * Where packs live (see libs/fragment/src/pack.ts), fresh ones and sealed ones. Objects are immutable: a store only
 * ever gains whole objects and loses whole objects, so readers need no locks. An object that the catalog does not name does not exist for anyone.
 */
export interface FragmentStore extends AsyncDisposable {
  /**
   * Makes `bytes` durable under `key` before resolving.
   *
   * Idempotent: putting the same bytes twice succeeds, because an attempt repeats a put whose outcome it does not know.
   *
   * @param bytes 1 to {@link MAX_OBJECT_BYTES}. The store reads it until the promise settles; do not reuse the buffer earlier.
   * @throws {ObjectConflictError} `key` already holds different bytes.
   * @throws {StoreUnavailableError} durability is unknown; retrying is safe.
   */
  put(key: ObjectKey, bytes: Uint8Array): Promise<void>

  /**
   * Returns bytes `[start, end)` of an object, or `undefined` if it was never stored or was removed.
   * The caller owns the returned buffer.
   *
   * @throws {StoreUnavailableError} also when the object is shorter than `end`: a truncated object is damage, not an answer.
   */
  read(key: ObjectKey, start: number, end: number): Promise<Uint8Array | undefined>

  /** Removes an object. Removing an absent object is not an error. @throws {StoreUnavailableError} */
  remove(key: ObjectKey): Promise<void>

  /** Keys of one partition, in no order, for the sweep of objects that nothing names. @throws {StoreUnavailableError} */
  list(stream: string): AsyncIterable<ObjectKey>
}

/** Every attempt to store has a key of its own, so a zombie's object can never replace a live one. */
export interface ObjectKey {
  /** `<generation>/<partition>`. */
  readonly stream: string
  readonly kind: 'pack' | 'sealed' | 'merged'
  /** Epoch of the writer, or of the sealer, that made it. */
  readonly epoch: number
  /** Sequence of the commit, or of the seal, that will name it. */
  readonly sequence: number
  /** Random, 12 lower-case letters and digits: tells attempts apart. */
  readonly attempt: string
}

/** `g1/3:pack:7:42:k3j9x0q8m1ab`: one text for logs, catalogs and file names. */
export function objectKeyText({ stream, kind, epoch, sequence, attempt }: ObjectKey): string {
  return `${stream}:${kind}:${epoch}:${sequence}:${attempt}`
}

/** The inverse of {@link objectKeyText}. @throws {RangeError} the text is not one that it writes. */
export function parseObjectKey(text: string): ObjectKey {
  const [, stream, kind, epoch, sequence, attempt] = OBJECT_KEY_TEXT.exec(text) ?? []
  if (stream === undefined || attempt === undefined || (kind !== 'pack' && kind !== 'sealed' && kind !== 'merged')) throw new RangeError(`${text.slice(0, 100)} is no object key`)
  return { stream, kind, epoch: Number(epoch), sequence: Number(sequence), attempt }
}

/** Numbers have no leading zeros, so that a key has one text only. */
const OBJECT_KEY_TEXT = /^([a-z0-9]{1,12}\/(?:0|[1-9]\d{0,8})):([a-z]+):(0|[1-9]\d{0,14}):(0|[1-9]\d{0,14}):([a-z0-9]{1,32})$/

/** The writer flushes well below it; a larger object would need streaming. */
export const MAX_OBJECT_BYTES = 64 * 1024 * 1024

export class ObjectConflictError extends Error {
  override readonly name = 'ObjectConflictError'
  readonly code = 'OBJECT_CONFLICT'
  readonly retryable = false

  constructor(key: ObjectKey) {
    super(`object ${objectKeyText(key)} is already stored with different bytes`)
  }
}

export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError'
  readonly code = 'STORE_UNAVAILABLE'
  readonly retryable = true
}
