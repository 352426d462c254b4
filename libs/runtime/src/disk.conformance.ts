import fc from 'fast-check'
import type { Disk } from './disk.ts'

/** The contract of {@link Disk}, run by every adapter's own test file. `open` gives a disk and the path of a folder on it that exists and is empty. */
export function describeDisk(name: string, open: () => Promise<{ readonly disk: Disk; readonly root: string }>): void {
  describe(`${name} keeps the Disk contract`, () => {
    it('makes folders with their parents, again without an error, and lists an absent one as empty', async () => {
      const { disk, root } = await open()
      await disk.makeDirectory(`${root}/a/b`)
      await disk.makeDirectory(`${root}/a/b`)
      expect(await disk.list(root)).toEqual(['a'])
      expect(await disk.list(`${root}/a/b`)).toEqual([])
      expect(await disk.list(`${root}/none`)).toEqual([])
    })

    it('has in a file what was written at each position, as an array would', async () => {
      const { disk, root } = await open()
      let run = 0
      const change = fc.oneof(fc.record({ at: fc.nat(60), parts: fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 3 }) }), fc.record({ size: fc.nat(80) }))
      await fc.assert(
        fc.asyncProperty(fc.array(change, { maxLength: 8 }), fc.nat(80), fc.nat(40), async (changes, from, length) => {
          const file = await disk.open(`${root}/f${++run}`, { create: true })
          let model = Buffer.alloc(0)
          for (const each of changes) {
            if ('size' in each) {
              await file.truncate(each.size)
              model = Buffer.concat([model, Buffer.alloc(Math.max(0, each.size - model.length))]).subarray(0, each.size)
            } else {
              const bytes = Buffer.concat(each.parts)
              await file.write(each.parts, each.at)
              if (bytes.length === 0) continue
              model = Buffer.concat([model, Buffer.alloc(Math.max(0, each.at + bytes.length - model.length))])
              bytes.copy(model, each.at)
            }
          }
          await file.dataSync()
          expect(await file.size()).toBe(model.length)
          const target = new Uint8Array(length)
          const filled = await file.read(target, from)
          expect(Buffer.from(target.subarray(0, filled)).equals(model.subarray(from, from + length))).toBe(true)
          await file.close()
        }),
        { numRuns: 40 },
      )
    })

    it('opens an absent file only to create it, and never empties one', async () => {
      const { disk, root } = await open()
      await expect(disk.open(`${root}/f`, { create: false })).rejects.toMatchObject({ code: 'ENOENT' })
      await expect(disk.open(`${root}/none/f`, { create: true })).rejects.toMatchObject({ code: 'ENOENT' })
      const file = await disk.open(`${root}/f`, { create: true })
      await file.write([Uint8Array.of(1, 2)], 0)
      await file.close()
      for (const create of [true, false]) {
        const again = await disk.open(`${root}/f`, { create })
        expect(await again.size()).toBe(2)
        await again.close()
      }
    })

    it('links a second name to the same file, and refuses one that is taken', async () => {
      const { disk, root } = await open()
      const file = await disk.open(`${root}/f`, { create: true })
      await disk.link(`${root}/f`, `${root}/g`)
      await file.write([Uint8Array.of(7)], 0)
      await file.close()
      await expect(disk.link(`${root}/f`, `${root}/g`)).rejects.toMatchObject({ code: 'EEXIST' })
      await expect(disk.link(`${root}/none`, `${root}/h`)).rejects.toMatchObject({ code: 'ENOENT' })
      await disk.remove(`${root}/f`)
      await disk.remove(`${root}/f`)
      await disk.remove(`${root}/none/f`)
      await disk.syncDirectory(root)
      expect(await disk.list(root)).toEqual(['g'])
      const target = new Uint8Array(1)
      const linked = await disk.open(`${root}/g`, { create: false })
      await linked.read(target, 0)
      await linked.close()
      expect(target[0]).toBe(7)
    })

    it('reads on from an open file that was removed', async () => {
      const { disk, root } = await open()
      const file = await disk.open(`${root}/f`, { create: true })
      await file.write([Uint8Array.of(7)], 0)
      await disk.remove(`${root}/f`)
      const target = new Uint8Array(1)
      expect(await file.read(target, 0)).toBe(1)
      expect(target[0]).toBe(7)
      await file.close()
    })

    it('refuses to use a closed file', async () => {
      const { disk, root } = await open()
      const file = await disk.open(`${root}/f`, { create: true })
      await file.close()
      await expect(file.read(new Uint8Array(1), 0)).rejects.toThrow()
      await expect(file.write([Uint8Array.of(1)], 0)).rejects.toThrow()
    })
  })
}
