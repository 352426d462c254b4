import { MAX_REQUEST_EVENTS, STEP_BYTES, type DecodeOptions, type DecodeSteps } from '../decoded-events.ts'
import { escapedKey } from '@millrace/fragment/event-columns'
import { RequestParts, ScannerPool, type RowScanner } from '../request-parts.ts'
import { WrittenRows } from '../row-writer.ts'
import { parseSyslogMessage, type SyslogMessage } from './parse-message.ts'
import { SyslogStream } from './split-stream.ts'

/**
 * Decodes syslog messages, each framed as on a TCP connection, in steps. The severity is the status, the application the service; the host is the host and the source is `syslog`. Facility, process and message
 * id are `@syslog.…`, and the parameters of structured data `@<id>.<name>`.
 *
 * @param body read while the steps run.
 */
export function* decodeSyslogInSteps(body: Uint8Array, options: DecodeOptions): DecodeSteps {
  return yield* scanners.use(function* (scanner) {
    const run = new RequestParts(scanner, options)
    const receivedMs = Number(options.receivedNs / 1_000_000n)
    let stepBytes = 0
    for (const message of messagesOf(body)) {
      if (stepBytes >= STEP_BYTES) {
        yield
        stepBytes = 0
      }
      stepBytes += message.length
      if (run.isFull) {
        run.reject(`this message and all after it: more than ${MAX_REQUEST_EVENTS} in one request`, message.length)
        break
      }
      run.scanner.message = parseSyslogMessage(Buffer.from(message.buffer, message.byteOffset, message.length).toString('utf8'), receivedMs)
      if (run.scan(0) < 0) run.reject(run.scanner.failure, message.length)
      else run.take(0, message.length)
    }
    return run.finish()
  })
}

function* messagesOf(body: Uint8Array): Generator<Uint8Array, void> {
  const stream = new SyslogStream()
  yield* stream.push(body)
  const last = stream.end()
  if (last !== undefined) yield last
}

class SyslogScanner extends WrittenRows implements RowScanner<SyslogScanner> {
  message: SyslogMessage | undefined

  replaced(): SyslogScanner {
    const scanner = new SyslogScanner()
    scanner.message = this.message
    return scanner
  }

  scan(): number {
    const { message, rows } = this
    rows.begin()
    if (message === undefined) return -1
    if (message.timeNs !== undefined) this.putTime(message.timeNs, message.isPrecise)
    rows.reserved('message').putText(message.message)
    rows.reserved('status').putText(STATUSES[message.severity] ?? 'info')
    rows.reserved('source').putText('syslog')
    if (message.app !== '') rows.reserved('service').putText(message.app)
    if (message.host !== '') rows.reserved('host').putText(message.host)
    const facility = FACILITIES[message.facility]
    for (const [name, value] of [['facility', facility], ['procid', message.processId], ['msgid', message.messageId], ['timestamp', message.writtenTime]] as const) {
      if (value !== undefined && value !== '') rows.attribute(`syslog.${name}`)?.putText(value)
    }
    for (const [id, name, value] of message.data) rows.attribute(`${escapedKey(id)}.${escapedKey(name)}`)?.putText(value)
    return rows.failure === '' ? 1 : -1
  }
}

const scanners = new ScannerPool(() => new SyslogScanner(), (scanner) => { scanner.message = undefined })

/** By severity (RFC 5424, 6.2.1), as Datadog names them. */
const STATUSES = ['emergency', 'alert', 'critical', 'error', 'warn', 'notice', 'info', 'debug']
const FACILITIES = ['kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news', 'uucp', 'cron', 'authpriv', 'ftp', 'ntp', 'security', 'console', 'solaris-cron', 'local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7']
