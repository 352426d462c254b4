/** `{ 'log-level': 'warn' }` as `--log-level=warn`. */
export function flagsOf(flags: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(flags).map(([name, value]) => `--${name}=${value}`)
}
