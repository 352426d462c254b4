// Loops over strings: an index below the length is in range, which the compiler cannot see.
import { SLOT_BYTES, type Template } from '@millrace/fragment/fragment'
import { fold, WORD_BYTES } from '../fold.ts'

/**
 * A template as searches look at it. Its parts are byte strings: a character per byte of UTF-8, so that a text is found in them just where its
 * bytes stand.
 */
export interface TemplateText {
  /** What stands before, between and after the slots: one more than slots. */
  readonly parts: readonly string[]
  /** Per slot: of which bytes its values are, see SLOT_BYTES. */
  readonly slots: readonly number[]
}

/** What a template tells about the texts that are made of it. `none` and `all` are certain. */
export type Verdict = 'none' | 'check' | 'all'

export function templateTextOf({ parts, slots }: Template): TemplateText {
  return { parts: parts.map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength).toString('latin1')), slots }
}

/** Folding a text folds its parts: a character never stands in two of them. */
export function foldTemplate({ parts, slots }: TemplateText): TemplateText {
  return {
    parts: parts.map((part) => (/[\x80-\xff]/.test(part) ? byteString(fold(plainText(part))) : part.toLowerCase())),
    slots: slots.map((slot) => ((slot & SLOT_BYTES.upperHex) === 0 ? slot : slot | SLOT_BYTES.lowerHex)),
  }
}

/** UTF-8 as a character per byte. */
export function byteString(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

export function plainText(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

/** `all` when a part has the literal; `none` when no values of the slots can make it. @param literal a byte string. */
export function decideSubstring({ parts, slots }: TemplateText, literal: string): Verdict {
  if (parts.some((part) => part.includes(literal))) return 'all'
  // Lengths of the literal's beginnings that the text so far may end with; that of length 0 may begin anywhere.
  let open: ReadonlySet<number> = START
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index]!
    const afterPart = new Set<number>(START)
    for (const length of open) {
      if (length > 0 && part.startsWith(literal.slice(length, length + part.length))) {
        if (length + part.length >= literal.length) return 'check'
        afterPart.add(length + part.length)
      }
    }
    for (let length = Math.min(part.length, literal.length - 1); length > 0; length--) if (part.endsWith(literal.slice(0, length))) afterPart.add(length)
    if (index === slots.length) break
    const slot = slots[index]!
    const afterSlot = new Set<number>((slot & SLOT_BYTES.other) === 0 ? START : afterPart)
    for (const length of afterPart) {
      for (let end = length; (slot & KINDS[literal.charCodeAt(end)]!) !== 0; ) {
        if (++end === literal.length) return 'check'
        afterSlot.add(end)
      }
    }
    open = afterSlot
  }
  return 'none'
}

/**
 * The same for a pattern.
 *
 * @param literals byte strings that every match contains.
 * @param isSubstring the one literal alone decides.
 */
export function decidePattern(template: TemplateText, literals: readonly string[], matches: (text: string) => boolean, isSubstring: boolean): Verdict {
  const [first = ''] = template.parts
  if (template.slots.length === 0) return matches(plainText(first)) ? 'all' : 'none'
  const verdicts = literals.map((literal) => decideSubstring(template, literal))
  if (verdicts.includes('none')) return 'none'
  return isSubstring && verdicts[0] === 'all' ? 'all' : 'check'
}

/** Whether all texts, or none, have the words one directly after the other. @param words byte strings in lower case. @param template folded. */
export function decidePhrase(template: TemplateText, words: readonly string[]): Verdict {
  // A text as a whole in a slot may be anything.
  if (template.slots.some((slot) => (slot & SLOT_BYTES.other) !== 0)) return 'check'
  const items = itemsOf(template)
  if (items.some((_, from) => words.every((word, index) => items[from + index] === word))) return 'all'
  const slotWords = words.map(kindsOfSlotWord)
  // Numbers of words that may have been found up to the item before.
  let open = new Set<number>()
  for (const item of items) {
    const next = new Set<number>()
    for (const found of [0, ...open]) {
      if (typeof item === 'string') {
        if (words[found] === item) next.add(found + 1)
      } else for (let count = found; count < words.length && (slotWords[count]! & item) !== 0; ) next.add(++count)
    }
    if (next.has(words.length)) return 'check'
    open = next
  }
  return 'none'
}

/**
 * The parts, without words that a slot is part of: what is found within one of them, and cuts no word, is found in every text.
 * A slot's neighbours in a text begin or end no word that its part ends or begins with.
 */
export function sureParts({ parts }: TemplateText): readonly string[] {
  return parts.map((part, index) => {
    let [start, end] = [0, part.length]
    if (index > 0) while (start < end && isWordByte(part, start)) start++
    if (index < parts.length - 1) while (end > start && isWordByte(part, end - 1)) end--
    return part.slice(start, end)
  })
}

const START: ReadonlySet<number> = new Set([0])

/** A word of the template, or the kinds of words that a run with slots in it may have. */
type Item = string | number

/** A word made by a slot, alone or with what touches it, has a digit or only letters of hex numbers: FORMAT.md promises it. */
const HAS_DIGIT = 1
const IS_HEX = 2

/** Which kinds of runs may hold the word, as bits; 0 for a word that no slot has a part in. */
function kindsOfSlotWord(word: string): number {
  return /[0-9]/.test(word) ? HAS_DIGIT : /^[a-f]+$/.test(word) ? IS_HEX : 0
}

/** Words and runs with slots, in the order of the text. */
function itemsOf({ parts, slots }: TemplateText): readonly Item[] {
  const items: Item[] = []
  let word = ''
  let run = 0
  const close = (): void => {
    if (run !== 0) items.push(run)
    else if (word !== '') items.push(word)
    word = ''
    run = 0
  }
  for (const [index, part] of parts.entries()) {
    for (let at = 0; at < part.length; at++) {
      if (isWordByte(part, at)) word += part[at]!
      else close()
    }
    const slot = slots[index]
    // A run's value has a digit somewhere, or else is hex.
    if (slot !== undefined) run |= HAS_DIGIT | ((slot & SLOT_BYTES.lowerHex) === 0 ? 0 : IS_HEX)
  }
  close()
  return items
}

function isWordByte(bytes: string, at: number): boolean {
  return WORD_BYTES[bytes.charCodeAt(at)] === 1
}

/** Per byte which of SLOT_BYTES it is; past the end of a string there is none. */
const KINDS: Readonly<Record<number, number>> = Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 128) return SLOT_BYTES.letter
  const character = String.fromCharCode(byte)
  if (character === '.') return SLOT_BYTES.point
  if (character === '-') return SLOT_BYTES.dash
  if (/[0-9]/.test(character)) return SLOT_BYTES.digit
  if (/[a-f]/.test(character)) return SLOT_BYTES.lowerHex
  if (/[A-F]/.test(character)) return SLOT_BYTES.upperHex
  return /[a-zA-Z]/.test(character) ? SLOT_BYTES.letter : SLOT_BYTES.other
})
