import { existsSync, statSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClusterLayout } from './cluster-layout.ts'
import { imageTarOf } from './image-tar.ts'
import { findHostProgram } from './host-programs.ts'

/** Holds the network of a pod while its containers come and go. All that it does is to sleep. */
export const PAUSE_IMAGE = 'localhost/millrace-pause:1'
/** As the add-on's manifest names it. */
export const DNS_IMAGE = 'localhost/millrace-dns:1'

/** Makes the tars of the node's own images, each from one program without libraries, and returns their paths. Those that are newer than their program are kept. */
export async function makeSystemImages({ images, programs }: ClusterLayout): Promise<readonly string[]> {
  await mkdir(images, { recursive: true })
  return await Promise.all([
    makeImage(join(images, 'pause.tar'), { reference: PAUSE_IMAGE, program: findHostProgram('busybox'), entrypoint: ['/busybox', 'sleep', 'infinity'], path: 'busybox' }),
    makeImage(join(images, 'dns.tar'), { reference: DNS_IMAGE, program: join(programs, 'coredns'), entrypoint: ['/coredns'], path: 'coredns' }),
  ])
}

interface ProgramImage {
  readonly reference: string
  readonly entrypoint: readonly string[]
  /** On this machine. */
  readonly program: string
  /** In the image. */
  readonly path: string
}

async function makeImage(tar: string, { reference, entrypoint, program, path }: ProgramImage): Promise<string> {
  if (!existsSync(tar) || statSync(tar).mtimeMs < statSync(program).mtimeMs) await writeFile(tar, imageTarOf({ reference, entrypoint, files: [{ path, bytes: await readFile(program), mode: 0o755 }] }))
  return tar
}
