import { SLOT_BYTES } from '@millrace/fragment/fragment'
import { messagePattern } from './message-pattern.ts'
import { plainText, type TemplateText } from './template-text.ts'

/**
 * The pattern of all texts that are made of a template; undefined when it has to be told text by text.
 *
 * Certain where only numbers vary: a slot of digits, points and dashes begins and ends with a digit (FORMAT.md), so whatever its value is, its tokens vary and become
 * one `*`. A template that could be part of a UUID is left out: whether it is one depends on the lengths of its numbers.
 */
export function templatePattern({ parts, slots }: TemplateText): string | undefined {
  if (slots.some((kinds) => (kinds & ~NUMBER_BYTES) !== 0)) return undefined
  const dashes = parts.reduce((sum, part) => sum + part.split('-').length - 1, 0)
  if (dashes >= UUID_DASHES || (dashes > 0 && slots.some((kinds) => (kinds & SLOT_BYTES.dash) !== 0))) return slots.length === 0 ? messagePattern(plainText(parts.join(''))) : undefined
  return messagePattern(plainText(parts.join('0')))
}

/** Fewer make no UUID. */
const UUID_DASHES = 4
const NUMBER_BYTES = SLOT_BYTES.digit | SLOT_BYTES.point | SLOT_BYTES.dash
