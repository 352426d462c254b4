/** The one text of a decimal number (`500`, `500.0`, `5e2` are one), or undefined when `text` is none. */
export function canonicalDecimal(text: string): string | undefined {
  const match = DECIMAL.exec(text)
  if (match === null) return undefined
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match
  const digits = (whole + fraction).replace(/^0+/, '')
  const significant = digits.replace(/0+$/, '')
  if (significant === '') return '0'
  return `${sign === '-' ? '-' : ''}${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`
}

/** The number that a string holds, or NaN: JSON's numbers, with a sign and zeros in front allowed. */
export function numberOf(text: string): number {
  return DECIMAL.test(text) ? Number(text) : NaN
}

const DECIMAL = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,6}))?$/
