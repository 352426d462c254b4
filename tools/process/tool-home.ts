import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** The folder that `variable` names, or one of the user's cache. Root's lies where other users can pass, as some programs refuse to be root and run as one of them. */
export function toolHome(variable: string, name: string): string {
  const home = process.env[variable] ?? ''
  if (home !== '') return resolve(home)
  return process.getuid?.() === 0 ? `/var/cache/millrace/${name}` : join(homedir(), '.cache/millrace', name)
}
