/** A value by its column's name without the `@`: keys joined by `.`, with `\` before a `.` or `\` of a key. */
export interface NamedJson {
  readonly name: string
  readonly json: string
}

/**
 * Puts attributes back into one JSON object, nested as they came. Where both a path and something below it have a value
 * (`a` and `a.b`, which no one JSON object had), the longer one's rest is one key: `{"a":1,"a.b":2}`.
 */
export function nestAttributes(values: readonly NamedJson[]): string {
  const root: Node = new Map()
  // A shorter path is before those below it, so a conflict is always with a value that is there.
  for (const { name, json } of [...values].sort((a, b) => (a.name < b.name ? -1 : 1))) put(root, keysOf(name), json)
  return render(root)
}

type Node = Map<string, Node | string>

function put(node: Node, [key = '', ...rest]: readonly string[], json: string): void {
  const known = node.get(key)
  if (rest.length === 0) {
    node.set(freeKey(node, key), json)
  } else if (known === undefined) {
    const child: Node = new Map()
    node.set(key, child)
    put(child, rest, json)
  } else if (typeof known === 'string') {
    const [next = '', ...others] = rest
    put(node, [`${key}.${next}`, ...others], json)
  } else put(known, rest, json)
}

/** Nothing is overwritten: a key that is taken gets an underscore. */
function freeKey(node: Node, key: string): string {
  let free = key
  while (node.has(free)) free = `_${free}`
  return free
}

function render(node: Node): string {
  return `{${[...node].map(([key, value]) => `${JSON.stringify(key)}:${typeof value === 'string' ? value : render(value)}`).join(',')}}`
}

function keysOf(name: string): readonly string[] {
  const keys = ['']
  for (const part of name.match(/\\[^]|\.|[^\\.]+/gu) ?? []) {
    if (part === '.') keys.push('')
    else keys.push((keys.pop() ?? '') + (part.startsWith('\\') ? part.slice(1) : part))
  }
  return keys
}
