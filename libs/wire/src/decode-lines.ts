import { isUtf8 } from 'node:buffer'
import { MAX_REQUEST_EVENTS, STEP_BYTES, type DecodeOptions, type DecodeSteps } from './decoded-events.ts'
import { NEWLINE } from './json-reader.ts'
import { RequestParts, ScannerPool, type RowScanner } from './request-parts.ts'
import type { ReservedDefault } from './reserved-attributes.ts'
import { WrittenRows } from './row-writer.ts'

/**
 * Decodes text whose lines are messages, in steps as `decodeEventsInSteps`. Empty lines are no events; a carriage return before the newline belongs to it.
 *
 * @param body as in `decodeEvents`; bytes that are no UTF-8 become U+FFFD. @param defaults of every event.
 */
export function* decodeLinesInSteps(body: Uint8Array, options: DecodeOptions, defaults: readonly ReservedDefault[] = []): DecodeSteps {
  return yield* scanners.use(function* (scanner) {
    scanner.load(body, defaults)
    const run = new RequestParts(scanner, options)
    const { bytes } = scanner
    let stepEnd = STEP_BYTES
    for (let at = 0; at < bytes.length; ) {
      if (at >= stepEnd) {
        yield
        stepEnd = at + STEP_BYTES
      }
      const end = lineEnd(bytes, at)
      if (run.isFull) {
        run.reject(`this line and all after it: more than ${MAX_REQUEST_EVENTS} events in one request`, bytes.length - at)
        break
      }
      if (end > at && !(end === at + 1 && bytes[at] === RETURN)) {
        run.scan(at)
        run.take(at, end - at)
      }
      at = end + 1
    }
    return run.finish()
  })
}

class LineScanner extends WrittenRows implements RowScanner<LineScanner> {
  bytes: Uint8Array = new Uint8Array(0)
  #view: DataView = new DataView(new ArrayBuffer(0))
  #defaults: readonly ReservedDefault[] = []

  load(body: Uint8Array, defaults: readonly ReservedDefault[]): void {
    this.bytes = isUtf8(body) ? body : Buffer.from(Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8'), 'utf8')
    this.#view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length)
    this.#defaults = defaults
  }

  scan(start: number): number {
    const end = lineEnd(this.bytes, start)
    this.rows.begin()
    this.rows.reserved('message').putString({ bytes: this.bytes, view: this.#view }, start, this.bytes[end - 1] === RETURN ? end - 1 : end)
    for (const { name, bytes, view } of this.#defaults) this.rows.reserved(name).putString({ bytes, view }, 0, bytes.length)
    return end
  }

  replaced(): LineScanner {
    const scanner = new LineScanner()
    scanner.load(this.bytes, this.#defaults)
    return scanner
  }
}

const scanners = new ScannerPool(() => new LineScanner(), (scanner) => { scanner.load(new Uint8Array(0), []) })

const RETURN = 0x0d

function lineEnd(bytes: Uint8Array, start: number): number {
  const end = bytes.indexOf(NEWLINE, start)
  return end < 0 ? bytes.length : end
}
