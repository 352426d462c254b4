import type { SeededNumbers } from '../load/seeded-numbers.ts'

/** What becomes of a call: `lost reply` is done and told as unknown, `not done` is told as unknown too. */
export type Fate = 'done' | 'lost reply' | 'not done'

/** Answers the fates of the next calls, as many of each as told, in an order that the numbers choose; after those all are done, so that a run comes to its end. */
export function dealFates(numbers: SeededNumbers, counts: Readonly<Record<Fate, number>>): () => Fate {
  const deck = (Object.keys(counts) as Fate[]).flatMap((fate) => Array.from({ length: counts[fate] }, () => fate))
  return () => deck.splice(numbers.below(deck.length), 1)[0] ?? 'done'
}
