/** `node keep-manifests.ts <tree> <folder>`: what npm needs to install the packages of a tree, in a folder of its own, so that a build installs again only when that has changed. */
import { existsSync, globSync } from 'node:fs'
import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const [tree, out] = process.argv.slice(2)
if (tree === undefined || out === undefined) throw new Error('two folders are needed')
for (const path of globSync(['.npmrc', 'package.json', 'package-lock.json', '{apps,libs}/*/package.json', 'tools/package.json'], { cwd: tree })) await cp(join(tree, path), join(out, path))
if (existsSync(join(tree, 'node_modules'))) await writeFile(join(out, 'packages-are-here'), '')
