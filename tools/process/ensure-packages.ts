import { spawnSync } from 'node:child_process'

export interface EnsureOptions {
  /** Fail where another package would have to go for these. Without it apt removes what is in conflict, such as syslog-ng for rsyslog. */
  readonly keepsOthers?: boolean
}

/** Installs the Debian packages that are missing, without starting their services. Needs root only then. @throws when apt fails. */
export function ensurePackages(names: readonly string[], { keepsOthers = false }: EnsureOptions = {}): void {
  const missing = names.filter((name) => !isPackageInstalled(name))
  if (missing.length === 0) return
  // In run level 1 Debian's maintainer scripts start no service: the demo runs its own, on its own ports.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  for (const args of [['update', '-qq'], ['install', '-y', '-qq', '--no-install-recommends', ...(keepsOthers ? ['--no-remove'] : []), ...missing]]) {
    const { status, stderr, error } = spawnSync('apt-get', args, { env, encoding: 'utf8' })
    // Where there is no apt-get, nothing was said.
    if (status !== 0) throw new Error(`apt-get ${args.join(' ')} failed: ${error?.message ?? stderr.slice(-1000)}`)
  }
}

/** Whether Debian's list of packages has it; false where there is no such list. */
export function isPackageInstalled(name: string): boolean {
  const { stdout } = spawnSync('dpkg-query', ['-W', '-f', '${db:Status-Status}', name], { encoding: 'utf8' })
  return stdout === 'installed'
}
