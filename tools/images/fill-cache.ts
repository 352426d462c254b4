/**
 * Fills Node's compile cache (`NODE_COMPILE_CACHE`) with all that the app of a collected tree loads, now or later: `node fill-cache.ts <tree>`. The cache knows files by their paths and belongs to
 * one user, so it is filled where and as whom the app runs. Modules that begin to work when they are loaded (the app itself, its threads) are loaded last and refuse to: the app for a wrong
 * setting (the command line for a command that there is not), a thread because it is none. A module that the cache lacks costs each thread that loads it the 5 to 10 MB of what strips its types.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire, flushCompileCache } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** A refusal takes a second or two, the loading. */
const REFUSE_MS = 60_000
const [tree] = process.argv.slice(2)
if (tree === undefined) throw new Error('a folder is needed')

const sources = ['apps', 'libs'].flatMap((folder) => readdirSync(join(tree, folder), { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts')).map((path) => join(tree, folder, path)))
const starting = sources.filter((path) => /(?:^|\/)(?:main|\w+-thread)\.ts$/.test(path))
const wanted = new Set<string>()
for (const path of sources) {
  const text = readFileSync(path, 'utf8')
  const { resolve } = createRequire(path)
  const later = [...text.matchAll(/\bimport\('([^']+)'\)/g)]
  const first = starting.includes(path) ? [...text.matchAll(/^import (?!type)[^\n]*?'([^']+)'$/gm)] : []
  for (const [, name = ''] of [...later, ...first]) if (!name.startsWith('node:')) wanted.add(resolve(name))
}
for (const path of wanted) if (!starting.includes(path)) await import(pathToFileURL(path).href)
process.env['MILLRACE_LOG_LEVEL'] = 'no such level'
setTimeout(() => {
  console.error('a module went on working, which it should have refused')
  process.exit(1)
}, REFUSE_MS).unref()
for (const path of [join(tree, 'main.ts'), ...starting]) {
  await import(pathToFileURL(path).href).catch((error: unknown) => {
    if (error instanceof SyntaxError || (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error
    console.log(`${path} refused, as it should: ${String(error)}`)
  })
}
flushCompileCache()
console.log(`${wanted.size + starting.length} modules and what they import are in the compile cache`)
// Some of what was loaded keeps timers.
process.exit(0)
