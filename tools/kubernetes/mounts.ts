import { readFileSync } from 'node:fs'

/** The mounts below a folder, those on others first. */
export function mountsBelow(folder: string, mountinfo = readFileSync('/proc/self/mountinfo', 'utf8')): readonly string[] {
  const points = mountinfo.split('\n').map((line) => decodePath(line.split(' ')[4] ?? ''))
  return points.filter((point) => point.startsWith(`${folder}/`)).toReversed()
}

/** Spaces and their like are written as octal numbers; see proc(5). */
function decodePath(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)))
}
