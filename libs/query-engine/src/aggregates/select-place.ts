// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.

/**
 * The value that would stand at `place` if `[first, last]` were sorted, in linear time on average. Moves values within that range: smaller ones
 * before `place`, larger ones after it.
 */
export function selectPlace(values: Float64Array, first: number, last: number, place: number): number {
  let [low, high] = [first, last]
  while (low < high) {
    const pivot = middleOf(values[low]!, values[(low + high) >>> 1]!, values[high]!)
    let [left, right] = [low, high]
    while (left <= right) {
      while (values[left]! < pivot) left++
      while (values[right]! > pivot) right--
      if (left > right) break
      const value = values[left]!
      values[left++] = values[right]!
      values[right--] = value
    }
    if (place <= right) high = right
    else if (place >= left) low = left
    else break
  }
  return values[place]!
}

function middleOf(a: number, b: number, c: number): number {
  if (a > b) return a < c ? a : Math.max(b, c)
  return b < c ? b : Math.max(a, c)
}
