import { createHash } from 'node:crypto'

/** What the catalog keeps of a key, a link or a session: SHA-256, hex. */
export function hashOfKey(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex')
}
