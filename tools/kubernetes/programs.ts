import { existsSync, statSync } from 'node:fs'
import { createReadStream, createWriteStream } from 'node:fs'
import { chmod, mkdir, rename, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createZstdDecompress } from 'node:zlib'
import { buildProgram } from './build-program.ts'
import type { ClusterLayout } from './cluster-layout.ts'
import { KubernetesError } from './kubernetes-error.ts'

/** The two programs that are no packages of any distribution. */
export const PROGRAMS = ['kube-all', 'coredns'] as const

export type ProgramName = (typeof PROGRAMS)[number]

/** The names under which kube-all is called: see its source. */
const KUBE_PARTS = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy', 'kubectl']

/** Puts the programs into the cluster's folder: from `ready`, a folder that holds them, or built from source where it is undefined. Does nothing for those that are there. */
export async function ensurePrograms({ programs, home }: ClusterLayout, ready: string | undefined, say: (line: string) => void): Promise<void> {
  await mkdir(programs, { recursive: true })
  for (const name of PROGRAMS) {
    const target = join(programs, name)
    if (ready !== undefined) await copyProgram(findReady(ready, name), target)
    else if (!existsSync(target)) {
      say(`building ${name} from source; this takes minutes`)
      await buildProgram(name, { target, sources: join(home, 'source') })
    }
  }
  for (const part of KUBE_PARTS) {
    await rm(join(programs, part), { force: true })
    await symlink('kube-all', join(programs, part))
  }
}

/** The program in the folder, plain or compressed. @throws {KubernetesError} it is not there. */
export function findReady(folder: string, name: ProgramName): string {
  const found = [name, `${name}.zst`].map((file) => join(folder, file)).find((path) => existsSync(path))
  if (found === undefined) throw new KubernetesError(`MILLRACE_KUBERNETES_BIN names ${folder}, which has neither ${name} nor ${name}.zst`)
  return found
}

/** Copies only what is newer, under its own name only once it is whole: it may be running. */
async function copyProgram(source: string, target: string): Promise<void> {
  if (existsSync(target) && statSync(target).mtimeMs >= statSync(source).mtimeMs) return
  const partial = `${target}.partial`
  const output = createWriteStream(partial)
  if (source.endsWith('.zst')) await pipeline(createReadStream(source), createZstdDecompress(), output)
  else await pipeline(createReadStream(source), output)
  await chmod(partial, 0o755)
  await rename(partial, target)
}
