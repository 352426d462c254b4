/**
 * The topics of one generation. A generation fixes the partition count and the shard sets; a change of either is a
 * new generation with a new random id, so a name never means two things.
 */
export interface Topics {
  readonly generation: string
  readonly partitions: number
  /** What clients sent, one record per coalesced batch. */
  readonly batches: string
  /** Exactly one record for each of `batches`, same partition, same order. */
  readonly routed: string
  /** Wakes the indexer after a commit; carries no truth. */
  readonly commits: string
  /** Records that could not be decoded, raw. */
  readonly deadLetters: string
}

/** @param generation 1 to 12 lower-case letters and digits. */
export function topicsOf({ generation, partitions }: { readonly generation: string; readonly partitions: number }): Topics {
  return {
    generation,
    partitions,
    batches: `batches-${generation}`,
    routed: `routed-${generation}`,
    commits: `commits-${generation}`,
    deadLetters: `dead-letters-${generation}`,
  }
}
