/** One scalar: a string by its text, a number by its source text, `null`, `false` or `true`. A json is an array or object by its source text. */
export interface Element {
  readonly type: 'string' | 'numeral' | 'literal' | 'json'
  readonly text: string
}

/** Elements of an array of scalars; any other source text is one value by itself. */
export function elementsOf(source: string): readonly Element[] {
  const parsed = parse(source)
  if (!Array.isArray(parsed) || parsed.some((element) => typeof element === 'object' && element !== null)) return [{ type: 'json', text: source }]
  const numerals = parsed.some((element) => typeof element === 'number') ? numeralsOf(source) : []
  return parsed.map((element: unknown, index): Element => {
    if (typeof element === 'string') return { type: 'string', text: element }
    if (typeof element === 'number') return { type: 'numeral', text: numerals[index] ?? String(element) }
    return { type: 'literal', text: String(element) }
  })
}

function parse(source: string): unknown {
  try {
    return JSON.parse(source)
  } catch {
    return undefined // what is no JSON is a value as it is
  }
}

/** Source texts of the elements of a flat array, which a double might change. */
function numeralsOf(source: string): string[] {
  const numerals: string[] = []
  const reviver = (key: string, value: unknown, context?: { readonly source?: string }): unknown => {
    if (typeof value === 'number') numerals[Number(key)] = context?.source ?? String(value)
    return value
  }
  JSON.parse(source, reviver)
  return numerals
}
