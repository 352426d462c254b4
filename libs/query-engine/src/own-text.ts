/** A copy of a text that was cut out of a larger one. The engine of JavaScript keeps the larger one in memory for as long as a piece of it lives, and what is kept per group is bounded by its own length only. */
export function ownText(piece: string): string {
  return Buffer.from(piece, 'utf8').toString('utf8')
}
