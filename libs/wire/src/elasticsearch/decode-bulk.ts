/**
 * Splits a `_bulk` body into its actions, each an action line and, but for `delete`, a document line. Documents are not looked at. What is wrong
 * with one action is in its `error`; the lines stay in step.
 *
 * @param body the last line may lack its newline.
 * @param defaultIndex of the URL.
 * @throws {BulkSyntaxError} it is not clear what the lines are, or an action names no index: as Elasticsearch, which then takes nothing.
 */
export function splitBulk(body: Uint8Array, defaultIndex: string | undefined): BulkItem[] {
  const steps = splitBulkInSteps(body, defaultIndex)
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

/** As {@link splitBulk}, in steps of {@link STEP_ITEMS}, between which the caller may do something else. */
export function* splitBulkInSteps(body: Uint8Array, defaultIndex: string | undefined): Generator<void, BulkItem[], void> {
  const buffer = Buffer.from(body.buffer, body.byteOffset, body.length)
  const items: BulkItem[] = []
  let line = 0
  let at = 0
  let lastLine: Buffer = EMPTY
  let lastAction: Action | undefined
  let stepEnd = STEP_ITEMS
  while (at < buffer.length) {
    if (items.length >= stepEnd) {
      yield
      stepEnd = items.length + STEP_ITEMS
    }
    const actionEnd = lineEnd(buffer, at)
    const actionLine = buffer.subarray(at, actionEnd)
    at = actionEnd + 1
    line++
    if (isBlank(actionLine)) continue
    if (items.length === MAX_BULK_ITEMS) throw new BulkSyntaxError(`more than ${MAX_BULK_ITEMS} actions in one request`)
    // Clients without ids of their own repeat one line.
    const action: Action = lastAction !== undefined && actionLine.equals(lastLine) ? lastAction : readAction(actionLine, line, defaultIndex)
    lastLine = actionLine
    lastAction = action
    if (action.action === 'delete') {
      const end = Math.min(at, buffer.length)
      items.push({ ...action, start: end, end })
      continue
    }
    const documentStart = Math.min(at, buffer.length)
    const documentEnd = lineEnd(buffer, documentStart)
    const isMissing = documentStart === buffer.length
    at = documentEnd + 1
    line++
    const error = action.error ?? documentError(isMissing, documentEnd - documentStart)
    // An object is copied slower than it is written, and nearly all items are of these two shapes.
    if (error !== undefined) items.push({ ...action, start: documentStart, end: documentEnd, error })
    else if (action.id === undefined) items.push({ action: action.action, index: action.index, start: documentStart, end: documentEnd })
    else items.push({ action: action.action, index: action.index, id: action.id, start: documentStart, end: documentEnd })
  }
  if (items.length === 0) throw new BulkSyntaxError(body.length === 0 ? 'request body is required' : 'Validation Failed: 1: no requests added;')
  return items
}

export interface BulkItem {
  readonly action: BulkAction
  readonly index: string
  readonly id?: string
  /** The document is `body[start, end)`. Empty for `delete`. */
  readonly start: number
  readonly end: number
  /** Why the item is not taken, as its reply says it. */
  readonly error?: BulkItemError
}

export type BulkAction = 'create' | 'index' | 'update' | 'delete'

export interface BulkItemError {
  readonly type: string
  readonly reason: string
  readonly status: number
}

/** The body as a whole cannot be taken. */
export class BulkSyntaxError extends Error {
  override readonly name = 'BulkSyntaxError'
  readonly code = 'BULK_SYNTAX'
  readonly retryable = false
}

/** Each has a reply of some hundred bytes. Shippers send at most some ten thousand. */
export const MAX_BULK_ITEMS = 250_000
/** A document is one event; see decode-events.ts. */
export const MAX_DOCUMENT_BYTES = 1024 * 1024
/** An action line names an index, an id and some options. */
export const MAX_ACTION_LINE_BYTES = 16 * 1024
/** As in Elasticsearch. */
const MAX_ID_BYTES = 512
const MAX_INDEX_BYTES = 255

/** Less than a millisecond's work. */
const STEP_ITEMS = 1000

const EMPTY = Buffer.alloc(0)

type Action = Pick<BulkItem, 'action' | 'index' | 'id' | 'error'>

function lineEnd(buffer: Buffer, start: number): number {
  const end = buffer.indexOf(0x0a, start)
  return end < 0 ? buffer.length : end
}

function isBlank(line: Buffer): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d)
}

function readAction(bytes: Buffer, line: number, defaultIndex: string | undefined): Action {
  const malformed = (what: string): BulkSyntaxError => new BulkSyntaxError(`Malformed action/metadata line [${line}], ${what}`)
  if (bytes.length > MAX_ACTION_LINE_BYTES) throw malformed(`longer than ${MAX_ACTION_LINE_BYTES} bytes`)
  let parsed: unknown
  try {
    parsed = JSON.parse(bytes.toString('utf8'))
  } catch {
    throw malformed('not valid JSON')
  }
  if (!isRecord(parsed)) throw malformed('expected START_OBJECT')
  const [[action, options] = [], ...others] = Object.entries(parsed)
  if (action === undefined || !isBulkAction(action)) throw malformed(`expected one of [create, delete, index, update] but found [${String(action)}]`)
  if (others.length > 0) throw malformed('expected END_OBJECT')
  if (!isRecord(options)) throw malformed('expected START_OBJECT')
  const index = textOf(options['_index']) ?? defaultIndex
  if (index === undefined || index === '') throw new BulkSyntaxError('Validation Failed: 1: index is missing;')
  const id = textOf(options['_id'])
  const error = actionError(action, index, id)
  return { action, index, ...(id === undefined ? {} : { id }), ...(error === undefined ? {} : { error }) }
}

function actionError(action: BulkAction, index: string, id: string | undefined): BulkItemError | undefined {
  if (action === 'update' || action === 'delete') return invalid(`events are never changed: [${action}] is not supported`)
  if (Buffer.byteLength(index) > MAX_INDEX_BYTES || /["*\\<|,>/?\s]/.test(index) || index !== index.toLowerCase()) {
    return { type: 'invalid_index_name_exception', reason: 'Invalid index name', status: 400 }
  }
  if (id === '') return invalid('if _id is specified it must not be empty')
  if (id !== undefined && Buffer.byteLength(id) > MAX_ID_BYTES) return invalid(`id is too long, must be no longer than ${MAX_ID_BYTES} bytes`)
  return undefined
}

function documentError(isMissing: boolean, bytes: number): BulkItemError | undefined {
  if (isMissing) return invalid('the document line is missing')
  return bytes > MAX_DOCUMENT_BYTES ? invalid(`a document larger than ${MAX_DOCUMENT_BYTES} bytes`) : undefined
}

function invalid(reason: string): BulkItemError {
  return { type: 'illegal_argument_exception', reason, status: 400 }
}

/** Elasticsearch takes any simple value as text. */
function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

function isBulkAction(action: string): action is BulkAction {
  return action === 'create' || action === 'index' || action === 'update' || action === 'delete'
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
