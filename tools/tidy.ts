/** Checks what the style guide says about the tree itself and no linter knows. Prints each finding; exits 1 when there is one. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'

/** Beyond it a file holds more than one idea. */
const MAX_FILE_LINES = 600
/** Names that repel nothing attract everything. */
const FORBIDDEN_FOLDERS = /\/(utils?|helpers?|common|misc|shared|core|services|impl)\//

/** The one place that may switch tests off: those of engines that a run does not have. */
const SKIPPER = 'libs/simulator/src/describe-on.ts'

const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8' })
  .split('\n')
  .filter((path) => path !== '' && existsSync(path))
const sources = files.filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
const findings: string[] = []

for (const path of files) if (FORBIDDEN_FOLDERS.test(`/${path}`)) findings.push(`${path}: folder name says nothing`)
for (const path of sources) {
  const text = readFileSync(path, 'utf8')
  const lines = text.split('\n').length
  if (lines > MAX_FILE_LINES) findings.push(`${path}: ${lines} lines, at most ${MAX_FILE_LINES}`)
  if (basename(path) === 'index.ts') findings.push(`${path}: import the file that holds the concept instead of a barrel`)
  if (/^export default /m.test(text) && !path.endsWith('.config.ts')) findings.push(`${path}: default export`)
  if (/\b(?:it|test|describe)\.(?:only|skip)\(/.test(text) && path !== 'tools/tidy.ts' && path !== SKIPPER) findings.push(`${path}: a test is singled out or switched off`)
  if (/TODO(?!\(#\d+\))/.test(text) && path !== 'tools/tidy.ts') findings.push(`${path}: TODO without an issue`)
}
for (const path of sources.filter((path) => /^libs\/[^/]+\/src\/open-[^/]+\.ts$/.test(path))) {
  if (!readFileSync(`${dirname(dirname(path))}/package.json`, 'utf8').includes('"layer:port"')) continue
  const port = basename(path, '.ts').slice('open-'.length)
  if (!existsSync(`${dirname(path)}/${port}.conformance.ts`)) findings.push(`${path}: the port ${port} has no conformance suite`)
}
// A guarantee is worth its test: `[`file`] title` must name a test of that file.
for (const [, path = '', title = ''] of readFileSync('GUARANTEES.md', 'utf8').matchAll(/\[`([^`]+)`\](?: ([^.;\n]+))?/g)) {
  if (!existsSync(path)) findings.push(`GUARANTEES.md: there is no ${path}`)
  else if (title !== '' && !readFileSync(path, 'utf8').includes(title)) findings.push(`GUARANTEES.md: ${path} has no test "${title}"`)
}

for (const finding of findings) console.error(finding)
console.log(`tidy: ${files.length} files, ${findings.length} findings`)
process.exitCode = findings.length === 0 ? 0 : 1
