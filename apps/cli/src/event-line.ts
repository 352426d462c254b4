import { printable } from './printable.ts'
import { fieldText, readObject } from './read-answer.ts'

/**
 * An event for people, on one line: time, status, service, message.
 * @param event as searches and the tail answer it. @throws {CommandError} it is of another form.
 */
export function eventLine(event: unknown): string {
  const attributes = readObject(readObject(event)['attributes'])
  const cell = (name: string, width: number): string => printable(fieldText(attributes, name)).padEnd(width)
  return [cell('timestamp', TIME_WIDTH), cell('status', STATUS_WIDTH), cell('service', SERVICE_WIDTH), cell('message', 0)].join('  ').trimEnd()
}

/** Of times to the millisecond. */
const TIME_WIDTH = 24
/** `critical`, `emergency` is longer by one. */
const STATUS_WIDTH = 8
/** Longer names push the message of their line. */
const SERVICE_WIDTH = 16
