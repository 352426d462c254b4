import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDocker } from '../images/open-docker.ts'
import type { ClusterLayout } from './cluster-layout.ts'
import { importImages } from './container-runtime.ts'

/** Takes images over: tars of `docker save` where such a file is named, all others from Docker in one tar, so that layers which they share are written once. */
export async function loadImages(layout: ClusterLayout, images: readonly string[]): Promise<void> {
  const tars = images.filter((image) => image.endsWith('.tar') && existsSync(image))
  const names = images.filter((image) => !tars.includes(image))
  for (const tar of tars) await importImages(layout, tar)
  if (names.length === 0) return
  const folder = await mkdtemp(join(tmpdir(), 'millrace-images-'))
  try {
    const tar = join(folder, 'images.tar')
    await using docker = await openDocker() // the one that `npm run images` builds with
    await docker.run(['save', '--output', tar, ...names])
    await importImages(layout, tar)
  } finally {
    await rm(folder, { recursive: true })
  }
}
