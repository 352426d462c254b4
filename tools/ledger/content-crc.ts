import { crc32 } from 'node:zlib'

/**
 * Checksum of what an event says, over its time and its values by dotted path, sorted: the same whether keys came as `{"a":{"b":1}}` or
 * `{"a.b":1}`, in whatever order, with whatever spaces.
 */
export function contentCrc(timeMs: number, content: Readonly<Record<string, unknown>>): number {
  const values: [string, unknown][] = []
  flatten('', content, values)
  values.sort(([a], [b]) => (a < b ? -1 : 1))
  return crc32(JSON.stringify([timeMs, values]))
}

function flatten(prefix: string, value: Readonly<Record<string, unknown>>, into: [string, unknown][]): void {
  for (const [key, inner] of Object.entries(value)) {
    const path = prefix === '' ? key : `${prefix}.${key}`
    if (typeof inner === 'object' && inner !== null && !Array.isArray(inner)) flatten(path, inner as Record<string, unknown>, into)
    else into.push([path, inner])
  }
}
