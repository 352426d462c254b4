import type { StringType, Strings } from '@millrace/fragment/table'
import type { TemplateText, Verdict } from '../patterns/template-text.ts'

/** A condition on one value. scan-values.ts asks it about the values of a column. */
export interface ValuePredicate {
  matchesText(type: StringType, text: string): boolean
  matchesNumber(value: number): boolean
  /** @param text `null`, `false` or `true`. */
  matchesLiteral(text: string): boolean
  /** Clears texts that do not match; faster than one by one. Undefined when there is no faster way. */
  readonly narrow: NarrowStrings | undefined
  /** What the template of a text alone tells. Undefined when it tells nothing. */
  readonly templates: TemplatePredicate | undefined
  /** No number outside matches. */
  readonly numbers: { readonly min: number; readonly max: number } | undefined
  /** Lower-case ASCII words that every matching string contains as words. */
  readonly words: readonly string[]
  /** The only string that matches, when there is only one. */
  readonly exactText: string | undefined
}

/** A condition on texts that are made of templates. */
export interface TemplatePredicate {
  /** The same for the same condition only: verdicts are remembered by it. */
  readonly key: string
  /** @param folded the same template without case, see fold.ts. */
  decide(type: StringType, template: TemplateText, folded: TemplateText): Verdict
}

/**
 * Clears `mask[i]` when entry `start + i` does not match; answers false, having changed nothing, when it does not handle the type.
 *
 * @param folded the same entries without case.
 */
export type NarrowStrings = (type: StringType, strings: Strings, start: number, mask: Uint8Array, folded: (strings: Strings) => Strings) => boolean
