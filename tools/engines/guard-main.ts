/** Outlives the tool that started a private set, and cleans up after it: `node guard-main.ts <folder>` waits until the tool's end of the standard input closes. */
import { rm } from 'node:fs/promises'
import { openEngines } from './open-engines.ts'

const [folder] = process.argv.slice(2)
if (folder === undefined) throw new Error('say which folder to guard')
for await (const chunk of process.stdin) void chunk
await Promise.all(openEngines({ folder }).engines.map((engine) => engine.kill()))
await rm(folder, { recursive: true, force: true })
