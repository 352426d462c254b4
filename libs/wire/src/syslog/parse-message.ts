/** What a syslog message says. Texts are empty where it says nothing. */
export interface SyslogMessage {
  readonly severity: number
  readonly facility: number
  /** Ns since 1970; undefined for the time of receipt. */
  readonly timeNs: bigint | undefined
  /** Whether the time was written with parts of a second. */
  readonly isPrecise: boolean
  /** The time as it was written, where it names neither year nor zone. */
  readonly writtenTime: string
  readonly host: string
  readonly app: string
  readonly processId: string
  readonly messageId: string
  readonly data: readonly (readonly [id: string, name: string, value: string])[]
  readonly message: string
}

/**
 * Reads a message of RFC 5424, of RFC 3164 as it is found in the wild (ISO times, without a host, without a tag), or anything else, which is a message as a whole. Never fails.
 *
 * @param receivedMs tells the year and the zone that RFC 3164 leaves out.
 */
export function parseSyslogMessage(written: string, receivedMs: number): SyslogMessage {
  const text = written.replace(/[\r\n\0]+$/, '') // within a counted message some senders keep the end of the line
  const [, priority] = /^<(\d{1,3})>/.exec(text) ?? []
  const pri = priority === undefined || Number(priority) > MAX_PRIORITY ? undefined : Number(priority)
  if (pri === undefined || priority === undefined) return { ...NOTHING, message: text }
  const rest = text.slice(priority.length + 2)
  const head = { ...NOTHING, severity: pri % 8, facility: pri >> 3 }
  return parse5424(head, rest) ?? parse3164(head, rest, receivedMs)
}

const MAX_PRIORITY = 191
/** Facility user, severity notice: what a message without a priority has (RFC 3164, 4.3.3). */
const NOTHING: SyslogMessage = { severity: 5, facility: 1, timeNs: undefined, isPrecise: false, writtenTime: '', host: '', app: '', processId: '', messageId: '', data: [], message: '' }

function parse5424(head: SyslogMessage, text: string): SyslogMessage | undefined {
  const [whole, time = '', host = '', app = '', processId = '', messageId = ''] = HEADER_5424.exec(text) ?? []
  if (whole === undefined) return undefined
  const timeNs = time === '-' ? undefined : isoTime(time)
  if (time !== '-' && timeNs === undefined) return undefined
  const structured = readData(text, whole.length)
  if (structured === undefined) return undefined
  const message = text.slice(structured.end).replace(/^ /, '').replace(/^\ufeff/, '')
  return { ...head, timeNs, isPrecise: time.includes('.'), host: orNothing(host), app: orNothing(app), processId: orNothing(processId), messageId: orNothing(messageId), data: structured.data, message }
}

const HEADER_5424 = /^1 (\S{1,40}) (\S{1,255}) (\S{1,255}) (\S{1,255}) (\S{1,255}) /

function orNothing(field: string): string {
  return field === '-' ? '' : field
}

/** Elements in brackets one behind the other, or a dash. Undefined when they are broken. */
function readData(text: string, start: number): { readonly data: SyslogMessage['data']; readonly end: number } | undefined {
  if (text[start] === '-') return { data: [], end: start + 1 }
  const data: (readonly [string, string, string])[] = []
  let at = start
  while (text[at] === '[' && data.length < MAX_PARAMETERS) {
    ELEMENT.lastIndex = at + 1
    const id = ELEMENT.exec(text)?.[0]
    if (id === undefined) return undefined
    at += 1 + id.length
    while (text[at] === ' ' && data.length < MAX_PARAMETERS) {
      PARAMETER.lastIndex = at
      const [whole, name, value] = PARAMETER.exec(text) ?? []
      if (whole === undefined || name === undefined || value === undefined) return undefined
      data.push([id, name, value.replace(/\\(["\\\]])/g, '$1')])
      at += whole.length
    }
    if (text[at] !== ']') return undefined
    at++
  }
  return at === start ? undefined : { data, end: at }
}

/** More are no event. */
const MAX_PARAMETERS = 256
const ELEMENT = /[^\s=\]"]{1,255}/y
const PARAMETER = / ([^\s=\]"]{1,255})="((?:[^"\\\]]|\\.)*)"/suy

function parse3164(head: SyslogMessage, text: string, receivedMs: number): SyslogMessage {
  const dated = readTime(text, receivedMs)
  if (dated === undefined) return { ...head, ...readTag(text) }
  const rest = text.slice(dated.length)
  const [first = ''] = /^\S+/.exec(rest) ?? []
  // "tag:" or "tag[1]:" in the place of the host: what logger(1) sends.
  const hasHost = first !== '' && !/[:[\]]$|\[\d+\]/.test(first) && first.length < rest.length
  const body = hasHost ? rest.slice(first.length + 1) : rest
  return { ...head, timeNs: dated.timeNs, isPrecise: dated.isPrecise, writtenTime: dated.writtenTime, host: hasHost ? first : '', ...readTag(body) }
}

/** `app[123]: message`, or a message without a tag. */
function readTag(text: string): Pick<SyslogMessage, 'app' | 'processId' | 'message'> {
  const [whole, app, processId = ''] = /^([^\s:[\]]{1,128})(?:\[([^\]\s]{1,64})\])?: ?/.exec(text) ?? []
  return whole === undefined || app === undefined ? { app: '', processId: '', message: text } : { app, processId, message: text.slice(whole.length) }
}

interface Dated {
  readonly length: number
  readonly timeNs: bigint
  readonly isPrecise: boolean
  readonly writtenTime: string
}

function readTime(text: string, receivedMs: number): Dated | undefined {
  const [iso, isoText] = /^(\d{4}-\d\d-\d\dT\S{8,24}) /.exec(text) ?? []
  const isoNs = isoText === undefined ? undefined : isoTime(isoText)
  if (iso !== undefined && isoText !== undefined && isoNs !== undefined) return { length: iso.length, timeNs: isoNs, isPrecise: isoText.includes('.'), writtenTime: '' }
  const [bsd, writtenTime, month = '', day = '', hour = '', minute = '', second = ''] = /^((Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) ([ \d]\d) (\d\d):(\d\d):(\d\d)) /.exec(text) ?? []
  if (bsd === undefined || writtenTime === undefined) return undefined
  const parts = [MONTHS.indexOf(month), Number(day), Number(hour), Number(minute), Number(second)] as const
  if (parts[1] < 1 || parts[1] > 31 || parts[2] > 23 || parts[3] > 59 || parts[4] > 60) return undefined
  return { length: bsd.length, timeNs: BigInt(nearestTime(parts, receivedMs)) * 1_000_000n, isPrecise: false, writtenTime }
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const HALF_HOUR_MS = 1_800_000
/** Kiribati and Baker Island. */
const FIRST_ZONE_MS = -12 * 3_600_000
const LAST_ZONE_MS = 14 * 3_600_000

/**
 * A local time of an unknown zone and year: the year that brings it nearest to its receipt, and then the zone, in half hours, that does. So a message is right when it was under way for less than a
 * quarter of an hour.
 */
function nearestTime([month, day, hour, minute, second]: readonly [number, number, number, number, number], receivedMs: number): number {
  const year = new Date(receivedMs).getUTCFullYear()
  const written = [year - 1, year, year + 1].map((each) => Date.UTC(each, month, day, hour, minute, second)).reduce((best, each) => (Math.abs(each - receivedMs) < Math.abs(best - receivedMs) ? each : best))
  const zoneMs = Math.round((written - receivedMs) / HALF_HOUR_MS) * HALF_HOUR_MS
  return zoneMs < FIRST_ZONE_MS || zoneMs > LAST_ZONE_MS ? written : written - zoneMs
}

/** RFC 3339, up to nanoseconds. */
function isoTime(text: string): bigint | undefined {
  const [, seconds, fraction = '', zone] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(text) ?? []
  if (seconds === undefined || zone === undefined) return undefined
  const ms = Date.parse(seconds + zone)
  return Number.isNaN(ms) ? undefined : BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, '0'))
}
