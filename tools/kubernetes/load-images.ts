import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ClusterLayout } from './cluster-layout.ts'
import { importImages } from './container-runtime.ts'
import { runProgram } from './run-program.ts'

/** Takes images over: tars of `docker save` where such a file is named, all others from the docker client in one tar, so that layers which they share are written once. */
export async function loadImages(layout: ClusterLayout, images: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<void> {
  const tars = images.filter((image) => image.endsWith('.tar') && existsSync(image))
  const names = images.filter((image) => !tars.includes(image))
  for (const tar of tars) await importImages(layout, tar)
  if (names.length === 0) return
  const folder = await mkdtemp(join(tmpdir(), 'millrace-images-'))
  try {
    const tar = join(folder, 'images.tar')
    await runProgram('docker', ['save', '-o', tar, ...names], { env, timeoutMs: SAVE_TIMEOUT_MS })
    await importImages(layout, tar)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Gigabytes to a slow disk. */
const SAVE_TIMEOUT_MS = 600_000
