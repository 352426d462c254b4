import { readFile } from 'node:fs/promises'
import { configTable, readConfig } from './config.ts'

describe('the configuration', () => {
  it('is listed in the docs, every setting with its default', async () => {
    expect(await readFile(new URL('../../../docs/configuration.md', import.meta.url), 'utf8')).toContain(configTable())
  })

  it('needs nothing to be set', () => {
    expect(readConfig({})).toMatchObject({ httpPort: 8080, dataDir: 'data' })
  })
})
