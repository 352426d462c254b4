import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { ensurePackages } from '../process/ensure-packages.ts'
import type { Docker } from './open-docker.ts'

/** The bases of an image, by their names in the Dockerfile. */
export interface Bases {
  /** Has Node. */
  readonly base: string
  /** Has what Node needs, and not Node itself. */
  readonly runtime: string
}

/**
 * Makes bases of what a Debian machine has, where no registry of images is reached: the C library and what else the project's own Node (the npm package `node`) is linked with, look-up of names and
 * users, the certificates, and a shell with the usual small programs. Their names are the same on every machine; what they are made of is this machine's.
 */
export async function makeLocalBases(docker: Docker): Promise<Bases> {
  ensurePackages(['busybox-static', 'ca-certificates'])
  const folder = await mkdtemp(join(tmpdir(), 'millrace-base-'))
  try {
    const runtime = join(folder, 'runtime')
    for (const library of librariesOf(process.execPath)) copyInto(runtime, library)
    for (const file of ['/etc/ssl/certs/ca-certificates.crt', '/bin/busybox']) copyInto(runtime, file)
    for (const name of BUSYBOX_NAMES) symlinkSync('busybox', join(runtime, 'bin', name))
    writeFileSync(join(runtime, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\nmillrace:x:10001:10001::/tmp:/bin/sh\n')
    writeFileSync(join(runtime, 'etc/group'), 'root:x:0:\nmillrace:x:10001:\n')
    writeFileSync(join(runtime, 'etc/nsswitch.conf'), 'hosts: files dns\n')
    mkdirSync(join(runtime, 'tmp'))
    chmodSync(join(runtime, 'tmp'), 0o1777)
    writeFileSync(join(folder, 'Dockerfile'), DOCKERFILE)
    cpSync(process.execPath, join(folder, 'node'))
    const build = async (target: string): Promise<string> => {
      const name = `millrace/local-${target}:${process.versions.node}`
      await docker.run(['build', '--target', target, '--tag', name, folder])
      return name
    }
    return { runtime: await build('runtime'), base: await build('base') }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const DOCKERFILE = `FROM scratch AS runtime
COPY runtime /
ENV PATH=/usr/local/bin:/bin
FROM runtime AS base
COPY node /usr/local/bin/node
`

/** What our Dockerfile and people who look into a container use. */
const BUSYBOX_NAMES = ['sh', 'cat', 'chmod', 'chown', 'cp', 'df', 'du', 'env', 'grep', 'head', 'id', 'kill', 'ls', 'mkdir', 'mv', 'nslookup', 'ps', 'rm', 'sleep', 'tail', 'tar', 'test', 'top', 'wget']

/** Of glibc too: what looks names and users up is loaded then, and native packages are linked with parts that Node does not name. */
const OTHER_LIBRARIES = ['libnss_dns.so.2', 'libnss_files.so.2', 'libresolv.so.2', 'librt.so.1', 'libutil.so.1', 'libanl.so.1']

/** Every library that the program is linked with, and the loader, by the paths at which it looks for them. */
function librariesOf(program: string): readonly string[] {
  const { status, stdout, stderr } = spawnSync('ldd', [program], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`ldd ${program} failed: ${stderr}`)
  const linked = [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path)
  const libc = linked.find((path) => path.endsWith('/libc.so.6'))
  if (libc === undefined) throw new Error(`${program} is not linked with glibc, of which the local base is made`)
  return [...linked, ...OTHER_LIBRARIES.map((name) => join(dirname(libc), name)).filter((path) => existsSync(path))]
}

/** Symlinks are followed: the copy is the file, under the name that was asked for. */
function copyInto(root: string, path: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  cpSync(realpathSync(path), join(root, path))
}
