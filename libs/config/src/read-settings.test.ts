import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { BadConfigError, readSettings } from './read-settings.ts'

const schema = z.object({ httpPort: z.coerce.number().int().min(0).max(65_535).default(8080), dataDir: z.string().default('data') })

describe('reading settings', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'settings-'))
  })
  afterAll(() => {
    rmSync(folder, { recursive: true })
  })
  const fileOf = (text: string): string => {
    const path = join(folder, `${text.length}.yaml`)
    writeFileSync(path, text)
    return path
  }

  it('takes a file, and the environment over it', () => {
    expect(readSettings(schema, { MILLRACE_CONFIG_FILE: fileOf('httpPort: 9001\ndataDir: /file\n') })).toEqual({ httpPort: 9001, dataDir: '/file' })
    expect(readSettings(schema, { MILLRACE_CONFIG_FILE: fileOf('{"httpPort": 9001}'), MILLRACE_HTTP_PORT: '9002' })).toEqual({ httpPort: 9002, dataDir: 'data' })
    expect(readSettings(schema, { MILLRACE_CONFIG_FILE: fileOf('') })).toEqual({ httpPort: 8080, dataDir: 'data' })
  })

  it('takes a value from a file of its own, as secrets are mounted', () => {
    expect(readSettings(schema, { MILLRACE_DATA_DIR_FILE: fileOf('/secret\n') }).dataDir).toBe('/secret')
  })

  it('refuses what a file must not hold, and names where', () => {
    expect(() => readSettings(schema, { MILLRACE_CONFIG_FILE: fileOf('httpPrt: 1') })).toThrow(/httpPrt is not a setting; did you mean httpPort\?$/)
    expect(() => readSettings(schema, { MILLRACE_CONFIG_FILE: fileOf('httpPort: many') })).toThrow(/yaml: httpPort: /)
    expect(() => readSettings(schema, { MILLRACE_CONFIG_FILE: fileOf('- a') })).toThrow(BadConfigError)
    expect(() => readSettings(schema, { MILLRACE_CONFIG_FILE: fileOf('a: [') })).toThrow(/neither YAML nor JSON/)
    expect(() => readSettings(schema, { MILLRACE_CONFIG_FILE: join(folder, 'absent') })).toThrow(/cannot be read/)
  })

  it('takes what is given and defaults for the rest', () => {
    expect(readSettings(schema, { MILLRACE_HTTP_PORT: '9000', HOME: '/root' })).toEqual({ httpPort: 9000, dataDir: 'data' })
  })

  it('takes an empty variable for an absent one', () => {
    expect(readSettings(schema, { MILLRACE_DATA_DIR: '' }).dataDir).toBe('data')
  })

  it('names the nearest setting for one that it does not know', () => {
    expect(() => readSettings(schema, { MILLRACE_HTP_PORT: '1' })).toThrow(new BadConfigError('MILLRACE_HTP_PORT is not a setting; did you mean MILLRACE_HTTP_PORT?'))
  })

  it('names the variable whose value is wrong', () => {
    expect(() => readSettings(schema, { MILLRACE_HTTP_PORT: 'eighty' })).toThrow(/^MILLRACE_HTTP_PORT: /)
  })
})
