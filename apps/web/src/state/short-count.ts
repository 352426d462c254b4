/** `12K`, `1.5M`. */
export function shortCount(count: number): string {
  return FORMAT.format(count)
}

const FORMAT = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })
