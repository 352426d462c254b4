/** A number of 1000s with three digits: `14.3 M`. */
export function amountText(value: number, unit = ''): string {
  const index = value < 1 ? 0 : Math.min(PREFIXES.length - 1, Math.floor(Math.log10(value) / 3 + EPSILON))
  const scaled = value / 1000 ** index
  const digits = scaled >= 99.95 || Number.isInteger(scaled) ? 0 : 1
  return [scaled.toFixed(digits), `${PREFIXES[index] ?? ''}${unit}`].filter((part) => part !== '').join(' ')
}

/** `10k`, `1.5M`, `1e9`, `450`: undefined when it is no amount above 0. */
export function parseAmount(text: string): number | undefined {
  const [, digits = '', prefix = ''] = /^(\d+(?:\.\d+)?(?:e\d{1,2})?)([kMGT]?)$/.exec(text) ?? []
  const value = digits === '' ? NaN : Number(digits) * 1000 ** PREFIXES.indexOf(prefix)
  return value > 0 && Number.isFinite(value) ? value : undefined
}

const PREFIXES = ['', 'k', 'M', 'G', 'T', 'P', 'E']
/** The logarithm of 1000 is a little less than 3 to a computer. */
const EPSILON = 1e-12
