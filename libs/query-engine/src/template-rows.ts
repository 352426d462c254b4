// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import type { Templates } from '@millrace/fragment/fragment'
import type { StringType } from '@millrace/fragment/table'
import type { TemplatePredicate } from './filters/value-predicate.ts'
import { foldTemplate, templateTextOf, type TemplateText, type Verdict } from './patterns/template-text.ts'

/** The templates of a column of one fragment. */
export interface TemplateRows {
  readonly templates: readonly { readonly text: TemplateText; readonly folded: TemplateText }[]
  /** Per row: 0 = no value, k = template k-1. */
  readonly codes: Uint8Array | Uint16Array
  /** Per code: its rows. */
  readonly counts: Uint32Array
  /** About what it takes in memory. */
  readonly bytes: number
}

export function templateRowsOf({ templates, codes }: Templates): TemplateRows {
  const counts = new Uint32Array(templates.length + 1)
  for (let row = 0; row < codes.length; row++) counts[codes[row]!]!++
  const narrow = templates.length < 256 ? new Uint8Array(codes) : codes
  let bytes = narrow.byteLength + counts.byteLength
  const texts = templates.map((template) => {
    const text = templateTextOf(template)
    bytes += TEMPLATE_BYTES + text.parts.length * PART_BYTES + text.parts.reduce((sum, part) => sum + part.length, 0) * 2
    return { text, folded: foldTemplate(text) }
  })
  return { templates: texts, codes: narrow, counts, bytes }
}

/** What the templates of a column tell about one condition. */
export interface JudgedRows {
  readonly type: StringType
  readonly codes: TemplateRows['codes']
  /** Per code 1 when all its rows match. */
  readonly sure: Uint8Array
  /** Per code 1 when the texts of its rows have to be looked at. */
  readonly check: Uint8Array
  readonly sureRows: number
  readonly checkRows: number
}

export function judgeTemplates({ templates, codes, counts }: TemplateRows, type: StringType, predicate: TemplatePredicate): JudgedRows {
  const sure = new Uint8Array(counts.length)
  const check = new Uint8Array(counts.length)
  const rows: Record<Verdict, number> = { none: 0, check: 0, all: 0 }
  templates.forEach(({ text, folded }, index) => {
    const verdict = predicate.decide(type, text, folded)
    if (verdict === 'all') sure[index + 1] = 1
    if (verdict === 'check') check[index + 1] = 1
    rows[verdict] += counts[index + 1]!
  })
  return { type, codes, sure, check, sureRows: rows.all, checkRows: rows.check }
}

/** About what the objects of one template, and of one of its parts, take in memory, both kinds of text counted. */
const TEMPLATE_BYTES = 200
const PART_BYTES = 64
