import { z } from 'zod'
import { BadConfigError, readEnvironment } from './read-environment.ts'

const schema = z.object({ httpPort: z.coerce.number().int().min(0).max(65_535).default(8080), dataDir: z.string().default('data') })

describe('reading the environment', () => {
  it('takes what is given and defaults for the rest', () => {
    expect(readEnvironment(schema, { MILLRACE_HTTP_PORT: '9000', HOME: '/root' })).toEqual({ httpPort: 9000, dataDir: 'data' })
  })

  it('takes an empty variable for an absent one', () => {
    expect(readEnvironment(schema, { MILLRACE_DATA_DIR: '' }).dataDir).toBe('data')
  })

  it('names the nearest setting for one that it does not know', () => {
    expect(() => readEnvironment(schema, { MILLRACE_HTP_PORT: '1' })).toThrow(new BadConfigError('MILLRACE_HTP_PORT is not a setting; did you mean MILLRACE_HTTP_PORT?'))
  })

  it('names the variable whose value is wrong', () => {
    expect(() => readEnvironment(schema, { MILLRACE_HTTP_PORT: 'eighty' })).toThrow(/^MILLRACE_HTTP_PORT: /)
  })
})
