import fc from 'fast-check'
import { encodeFragment } from './encode-fragment.ts'
import { SLOT_BYTES } from './fragment.ts'
import { packTemplates } from './pack-templates.ts'
import { tableOf, type PlainRow } from './plain-rows.ts'
import { openFragmentBytes } from './read-fragment.ts'
import { stringsFrom, textsOf } from './strings.ts'
import { SLOT, tokenise } from './tokens.ts'
import { readTemplates } from './unpack-templates.ts'

const piece = fc.oneof(
  fc.nat(100_000).map(String), fc.uuid(), fc.uuid().map((id) => id.toUpperCase()), fc.ipV4(), fc.stringMatching(/^[0-9a-f]{6,20}$/), fc.stringMatching(/^[a-f]{6,12}$/), fc.stringMatching(/^[a-zA-Z0-9é]{1,9}$/),
  fc.constantFrom('deadbeef', 'DEADBEEF', 'deadbeef-dead-beef-cafe-deadbeefcafe', 'abc123', 'ABC123', 'node012', '12ms', '1.5deadbeef', '1.5', '007', 'été', 'é1', '1é', 'K9', '\u212a9', 'ſ', ' ', ' ', '-', '.', '_', '/', '\0', ''),
  fc.string({ maxLength: 3 }),
)
const message = fc.oneof(fc.array(piece, { maxLength: 7 }).map((pieces) => pieces.join('')), fc.tuple(piece, piece).map(([a, b]) => `read ${a} of ${b}`))

describe('templates without their values', () => {
  it('tell truly of what bytes the values are, and that words made by them have a digit or are hex', () => {
    fc.assert(fc.property(fc.array(message, { minLength: 1, maxLength: 40 }), (texts) => {
      const strings = stringsFrom(texts)
      const tokens = tokenise(strings, texts.length)
      const [head = NOTHING, codes = NOTHING] = packTemplates(strings, tokens, []).streams
      const read = readTemplates(head, codes, texts.length, () => 0)
      texts.forEach((text, row) => {
        const template = read.templates[(read.codes[row] ?? 0) - 1]
        const spans = template?.slots.map((_, slot) => [tokens.starts[(tokens.firstSpans[row] ?? 0) + slot], tokens.ends[(tokens.firstSpans[row] ?? 0) + slot]] as const) ?? []
        const bytes = Buffer.from(text, 'utf8').toString('latin1')
        spans.forEach(([from = 0, to = 0], slot) => {
          const start = from - (strings.offsets[row] ?? 0)
          const end = to - (strings.offsets[row] ?? 0)
          const allowed = template?.slots[slot] ?? 0
          expect({ text, wrong: Array.from(bytes.slice(start, end)).filter((byte) => (allowed & kindOf(byte)) === 0) }).toEqual({ text, wrong: [] })
          if ((allowed & SLOT_BYTES.other) !== 0) return
          expect(bytes.slice(start, end)).toMatch(/^[a-zA-Z0-9\x80-\xff](?:.*[a-zA-Z0-9\x80-\xff])?$/s)
          for (const run of bytes.matchAll(/[a-zA-Z0-9\x80-\xff]+/g)) if (run.index < end && run.index + run[0].length > start) expect(run[0]).toMatch(/[0-9]|^[a-f]+$/)
        })
      })
    }), { numRuns: 400 })
  })

  it('come with the template of each row, and tell what columns they refer to have', async () => {
    const rows = Array.from({ length: 3000 }, (_, i): PlainRow => ({ timeOffset: i, values: new Map<string, string | number>([...(i % 7 === 0 ? [] : [['message', i % 2 === 0 ? `user u${i} left` : `took ${i / 8} ms on node-${i % 5}x`] as const]), ['@user', `u${i}`], ['@ms', i / 8]]) }))
    const fragment = openFragmentBytes(encodeFragment(withText(rows), { purpose: 'sealed' }))
    const read = await fragment.readTemplates('message', 'string')
    expect(read?.templates.map(({ parts, slots }) => [parts.map((part) => Buffer.from(part).toString()), slots])).toEqual([
      [['took ', ' ms on node-', 'x'], [SLOT_BYTES.digit | SLOT_BYTES.point, SLOT_BYTES.digit]],
      [['user u', ' left'], [SLOT_BYTES.digit]],
    ])
    expect([...(read?.codes ?? [])].slice(0, 8)).toEqual([0, 1, 2, 1, 2, 1, 2, 0])
    const texts = await fragment.readTemplateTexts('message', 'string', async ({ name, type }) => (await fragment.readNamed(name, type))[0])
    expect(textsOf(texts?.textRows(Uint32Array.of(9, 2, 0)) ?? stringsFrom([]))).toEqual(['took 1.125 ms on node-4x', 'user u2 left', ''])
  })

  it('are not there for other layouts and absent columns', async () => {
    const fragment = openFragmentBytes(encodeFragment(tableOf([{ timeOffset: 0, values: new Map([['message', 'hello']]) }]), { purpose: 'sealed' }))
    for (const name of ['message', 'absent']) {
      expect(await fragment.readTemplates(name, 'string')).toBeUndefined()
      expect(await fragment.readTemplateTexts(name, 'string', () => Promise.resolve(undefined))).toBeUndefined()
    }
  })
})

const NOTHING = new Uint8Array()

/** Messages as texts, the rest as dictionaries and numbers: only those may be referred to. */
function withText(rows: readonly PlainRow[]): ReturnType<typeof tableOf> {
  const [plain, asText] = [tableOf(rows), tableOf(rows, { asText: true })]
  return { ...plain, columns: [...plain.columns.filter(({ name }) => name !== 'message'), ...asText.columns.filter(({ name }) => name === 'message')] }
}

function kindOf(byte: string): number {
  if (byte.charCodeAt(0) === SLOT) return SLOT_BYTES.other
  if (byte >= '0' && byte <= '9') return SLOT_BYTES.digit
  if (byte === '.') return SLOT_BYTES.point
  if (byte === '-') return SLOT_BYTES.dash
  if (/[a-f]/.test(byte)) return SLOT_BYTES.lowerHex
  if (/[A-F]/.test(byte)) return SLOT_BYTES.upperHex
  return /[a-zA-Z\x80-\xff]/.test(byte) ? SLOT_BYTES.letter : SLOT_BYTES.other
}
