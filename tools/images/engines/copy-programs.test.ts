import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EngineError } from '../../engines/engine.ts'
import { copyLibraries, copyPrograms } from './copy-programs.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'copy-programs-'))
})
afterEach(async () => {
  await rm(root, { recursive: true, force: true })
})

describe('a root file system of programs of this machine', () => {
  it('has each under its own name, whatever it is a link to, and all libraries that it loads', async () => {
    await copyPrograms(root, ['bash', 'sh', 'head'])
    for (const name of ['bash', 'sh', 'head']) {
      expect((await stat(join(root, 'bin', name))).mode & 0o111).not.toBe(0)
      const { stdout } = spawnSync('ldd', [join(root, 'usr/bin', name)], { encoding: 'utf8' })
      const libraries = [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path)
      expect(libraries.length).toBeGreaterThan(1)
      for (const path of libraries) expect((await readFile(join(root, path))).equals(await readFile(path))).toBe(true)
    }
  })

  it('says which program is missing', async () => {
    await expect(copyPrograms(root, ['no-such-program'])).rejects.toThrow(new EngineError('no-such-program is not on the PATH, and the stand-in images need it'))
  })

  it('has libraries of a folder that counts as a root where they lie below it', async () => {
    const other = join(root, 'other')
    await copyPrograms(other, ['true'])
    const program = join(other, 'usr/bin/true')
    const libc = (/(\/\S+\/libc\.so\.6)/.exec(spawnSync('ldd', [program], { encoding: 'utf8' }).stdout) ?? [])[1] ?? ''
    const env = { LD_LIBRARY_PATH: join(other, libc, '..') }
    await copyLibraries(join(root, 'image'), [program], { env, prefix: other })
    expect((await stat(join(root, 'image', libc))).isFile()).toBe(true)
    await expect(stat(join(root, 'image', other))).rejects.toThrow('ENOENT')
  })
})
