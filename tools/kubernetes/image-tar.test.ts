import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { imageTarOf, tarOf } from './image-tar.ts'

describe('an image as a tar', () => {
  let folder = ''
  beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'image-tar-')) })
  afterEach(() => { rmSync(folder, { recursive: true }) })
  const unpack = (name: string, bytes: Buffer): void => {
    writeFileSync(join(folder, name), bytes)
    execFileSync('tar', ['-xf', name], { cwd: folder })
  }

  it('is what tar unpacks, with content and permissions, at every length around a block', () => {
    const files = [0, 1, 511, 512, 513].map((size) => ({ path: `f${size}`, bytes: Buffer.alloc(size, 'x'), mode: 0o755 }))
    unpack('a.tar', tarOf(files))
    for (const { path, bytes } of files) {
      expect(readFileSync(join(folder, path))).toEqual(bytes)
      expect(statSync(join(folder, path)).mode & 0o777).toBe(0o755)
    }
  })

  it('names its configuration and its one layer by their digests', () => {
    unpack('image.tar', imageTarOf({ reference: 'localhost/one:1', entrypoint: ['/one', 'two'], files: [{ path: 'one', bytes: Buffer.from('program'), mode: 0o755 }] }))
    const [{ Config: config, RepoTags: tags, Layers: layers }] = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as [{ Config: string; RepoTags: string[]; Layers: [string] }]
    expect(tags).toEqual(['localhost/one:1'])
    const configBytes = readFileSync(join(folder, config))
    expect(config).toBe(`${createHash('sha256').update(configBytes).digest('hex')}.json`)
    const layer = readFileSync(join(folder, layers[0]))
    expect(JSON.parse(configBytes.toString())).toMatchObject({
      os: 'linux', config: { Entrypoint: ['/one', 'two'] }, rootfs: { diff_ids: [`sha256:${createHash('sha256').update(layer).digest('hex')}`] },
    })
    unpack('layer.tar', layer)
    expect(readFileSync(join(folder, 'one'), 'utf8')).toBe('program')
  })

  it('refuses a path that its headers cannot hold', () => {
    expect(() => tarOf([{ path: 'x'.repeat(101), bytes: Buffer.alloc(0), mode: 0o644 }])).toThrow('longer than 100 bytes')
  })
})
