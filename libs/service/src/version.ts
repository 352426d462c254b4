import { readFileSync } from 'node:fs'

/** Version of this program, out of the package.json at the root of its tree; undefined where that has none. */
export function readVersion(): string | undefined {
  try {
    const { version }: { readonly version?: unknown } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as object
    return typeof version === 'string' ? version : undefined
  } catch {
    return undefined // it was installed without that file
  }
}
