/** Bytes `[start, end)` of a fragment, in a buffer that the caller owns. */
export type ReadRange = (start: number, end: number) => Promise<Uint8Array>

/**
 * Reads whole blocks and remembers the last few: the columns of a wide fragment stand side by side and are read one after the other, and a store behind a network
 * takes as long for 100 bytes as for a block.
 *
 * @param sizeBytes of the fragment. @param blockBytes larger reads are passed on as they are.
 */
export function createBlockReads(read: ReadRange, sizeBytes: number, blockBytes: number): ReadRange {
  const blocks = new Map<number, Promise<Uint8Array>>()
  const blockAt = (index: number): Promise<Uint8Array> => {
    const known = blocks.get(index)
    if (known !== undefined) return known
    const reading = read(index * blockBytes, Math.min((index + 1) * blockBytes, sizeBytes))
    blocks.set(index, reading)
    reading.catch(() => blocks.delete(index))
    for (const oldest of blocks.keys()) {
      if (blocks.size <= MAX_BLOCKS) break
      blocks.delete(oldest)
    }
    return reading
  }
  return async (start, end) => {
    if (end - start >= blockBytes || start >= end) return await read(start, end)
    const first = Math.floor(start / blockBytes)
    const last = Math.floor((end - 1) / blockBytes)
    if (first === last) return (await blockAt(first)).slice(start - first * blockBytes, end - first * blockBytes)
    const [head, tail] = await Promise.all([blockAt(first), blockAt(last)]) // shorter than a block, so it touches two at most
    const bytes = new Uint8Array(end - start)
    bytes.set(head.subarray(start - first * blockBytes))
    bytes.set(tail.subarray(0, end - last * blockBytes), last * blockBytes - start)
    return bytes
  }
}

/** Of one fragment. Columns are read in the order of the file, so the newest blocks are the ones that are read again. */
export const MAX_BLOCKS = 2
