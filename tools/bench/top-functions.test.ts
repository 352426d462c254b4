import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readTopFunctions } from './top-functions.ts'

describe('the top functions of a folder of profiles', () => {
  const ALWAYS = { name: 'always', startUs: 0, endUs: Infinity }
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'profiles-'))
  })
  afterEach(async () => await rm(folder, { recursive: true }))

  /** @param samples functions by their places below, and how long each sample stands for, in microseconds. */
  const writeProfile = async ({ pid, thread, samples }: { readonly pid: number; readonly thread: number; readonly samples: readonly (readonly [string, number])[] }): Promise<void> => {
    const names = ['(idle)', 'encode', 'decode']
    const profile = {
      nodes: names.map((functionName, id) => ({ id, callFrame: { functionName, url: functionName === '(idle)' ? '' : 'node:zlib', lineNumber: 4 } })),
      startTime: 5_000_000, samples: samples.map(([name]) => names.indexOf(name)), timeDeltas: samples.map(([, micros]) => micros),
    }
    await writeFile(join(folder, `CPU.20260101.101010.${pid}.${thread}.001.cpuprofile`), JSON.stringify(profile))
  }

  it('adds the threads and replicas of a part, most self time first, and leaves idle time out', async () => {
    await writeProfile({ pid: 11, thread: 0, samples: [['(idle)', 9_000_000], ['encode', 1_000_000], ['decode', 500_000]] })
    await writeProfile({ pid: 11, thread: 1, samples: [['decode', 1_500_000]] })
    await writeProfile({ pid: 12, thread: 0, samples: [['decode', 1_000_000]] })
    await writeProfile({ pid: 99, thread: 0, samples: [['encode', 7_000_000]] })
    expect(await readTopFunctions(folder, { parts: [{ name: 'intake', kind: 'app', pids: [11, 12] }], window: ALWAYS, count: 5 })).toEqual([
      { part: 'intake', name: 'decode node:zlib:5', share: 0.75, seconds: 3 },
      { part: 'intake', name: 'encode node:zlib:5', share: 0.25, seconds: 1 },
    ])
  })

  it('counts only what lies in the window', async () => {
    await writeProfile({ pid: 11, thread: 0, samples: [['encode', 1_000_000], ['decode', 1_000_000], ['encode', 1_000_000]] })
    const parts = [{ name: 'intake', kind: 'app', pids: [11] }] as const
    expect((await readTopFunctions(folder, { parts, window: { name: 'late', startUs: 6_500_000, endUs: 8_000_000 }, count: 5 })).map(({ name, seconds }) => [name, seconds])).toEqual([['decode node:zlib:5', 1]])
  })

  it('shows as many of each part as it is asked for', async () => {
    await writeProfile({ pid: 11, thread: 0, samples: [['encode', 2_000_000], ['decode', 1_000_000]] })
    await writeProfile({ pid: 12, thread: 0, samples: [['decode', 1_000_000]] })
    const parts = [{ name: 'intake', kind: 'app', pids: [11] }, { name: 'router', kind: 'app', pids: [12] }] as const
    expect((await readTopFunctions(folder, { parts, window: ALWAYS, count: 1 })).map(({ part, name }) => `${part}: ${name}`)).toEqual(['intake: encode node:zlib:5', 'router: decode node:zlib:5'])
  })
})
