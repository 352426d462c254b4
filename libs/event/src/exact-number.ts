/**
 * The double that a JSON number denotes, if its shortest text denotes the same number; undefined where the double would change it, such as
 * `9007199254740993` or `1e999`.
 */
export function exactNumber(text: string): number | undefined {
  const value = Number(text)
  if (!Number.isFinite(value)) return undefined
  const written = decimalOf(text)
  const shortest = decimalOf(String(value))
  return written.digits === shortest.digits && written.exponent === shortest.exponent ? value : undefined
}

/** The number as digits without zeroes at either end, and the power of ten of the last one. */
function decimalOf(text: string): { readonly digits: string; readonly exponent: number } {
  const [, whole = '', decimals = '', exponent = '0'] = NUMBER.exec(text) ?? []
  const all = whole + decimals
  let first = 0
  while (all[first] === '0') first++
  let end = all.length
  while (end > first && all[end - 1] === '0') end--
  return { digits: all.slice(first, end), exponent: first === end ? 0 : Number(exponent) - decimals.length + all.length - end }
}

const NUMBER = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/
