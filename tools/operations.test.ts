import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createRegistry } from '@millrace/telemetry/metrics'

const root = join(import.meta.dirname, '..')

describe('docs/operations.md', () => {
  it('has alerts on metrics that exist', async () => {
    const sources = (await Promise.all((await sourceFiles()).map(async (path) => await readFile(path, 'utf8')))).join('\n')
    const known = new Set([...sources.matchAll(/name: '(millrace_\w+)'/g)].map(([, name = '']) => name))
    for (const { name } of await createRegistry('test').getMetricsAsJSON()) known.add(name)
    const named = [...(await operations()).matchAll(/\bmillrace_\w+/g)].map(([name]) => name.replace(/_(?:bucket|sum|count)$/, ''))
    expect(named.length).toBeGreaterThan(10)
    expect(named.filter((name) => !known.has(name))).toEqual([])
  })

  it('names settings that exist', async () => {
    const configuration = await readFile(join(root, 'docs/configuration.md'), 'utf8')
    const named = [...(await operations()).matchAll(/\bMILLRACE_[A-Z_]+/g)].map(([name]) => name.replace(/_FILE$/, ''))
    expect(named.length).toBeGreaterThan(5)
    expect(named.filter((name) => !configuration.includes(`\`${name}\``))).toEqual([])
  })
})

async function operations(): Promise<string> {
  return await readFile(join(root, 'docs/operations.md'), 'utf8')
}

async function sourceFiles(): Promise<readonly string[]> {
  const folders = await Promise.all(['apps', 'libs'].map(async (parent) => (await readdir(join(root, parent))).map((name) => join(root, parent, name, 'src'))))
  const files = await Promise.all(folders.flat().map(async (folder) => (await readdir(folder)).filter((name) => name.endsWith('.ts')).map((name) => join(folder, name))))
  return files.flat()
}
