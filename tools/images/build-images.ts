import { spawnSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensurePage } from '@millrace/web/ensure-page'
import type { App } from './apps.ts'
import { collectTree } from './collect-tree.ts'
import { makeLocalBases, type Bases } from './local-base.ts'
import type { Docker } from './open-docker.ts'
import { readManifest } from './package-closure.ts'

export interface BuildOptions {
  readonly docker: Docker
  readonly apps: readonly App[]
  /** The version of package.json by default. */
  readonly tag?: string
  /** Before the repository, such as `registry.example.com:5000`; none by default. */
  readonly registry?: string
  /** An image with Node 24 and npm, `local` for one that is made of this machine, or undefined for the Dockerfile's own. */
  readonly base?: string
  /** What the app runs on, where `base` is not `local`. */
  readonly runtime?: string
  /** Gets a line for each image. */
  readonly say: (line: string) => void
}

export interface BuiltImage {
  readonly app: App
  /** `millrace/gateway:0.1.0` */
  readonly name: string
  /** Of all its layers, unpacked. */
  readonly bytes: number
}

/** Builds one image after the other, and keeps the bill of materials of each as `dist/images/<app>.cdx.json`. @throws {DockerError} */
export async function buildImages({ docker, apps, tag = projectVersion(), registry, base, runtime, say }: BuildOptions): Promise<readonly BuiltImage[]> {
  const isLocal = base === 'local'
  const bases: Partial<Bases> = isLocal ? await makeLocalBases(docker) : { ...(base === undefined ? {} : { base }), ...(runtime === undefined ? {} : { runtime }) }
  const revision = headCommit()
  await mkdir(BILLS, { recursive: true })
  const built: BuiltImage[] = []
  for (const app of apps) {
    const name = imageName({ app, tag, registry })
    await using context = isLocal ? await makeContext(app) : { folder: ROOT, [Symbol.asyncDispose]: () => Promise.resolve() }
    const settings = { APP: app, VERSION: projectVersion(), REVISION: revision, SOURCE: sourceAddress(), BASE: bases.base, RUNTIME: bases.runtime }
    const given = Object.entries(settings).flatMap(([key, value]) => (value === undefined ? [] : ['--build-arg', `${key}=${value}`]))
    await docker.run(['build', ...(docker.isOwn && !isLocal ? ['--network', 'host'] : []), ...given, '--file', join(ROOT, 'Dockerfile'), '--tag', name, context.folder])
    await takeBill(docker, name, join(BILLS, `${app}.cdx.json`))
    const bytes = Number(await docker.run(['image', 'inspect', '--format', '{{.Size}}', name]))
    say(`${name.padEnd(NAME_WIDTH)} ${(bytes / 1e6).toFixed(0).padStart(4)} MB`)
    built.push({ app, name, bytes })
  }
  return built
}

export function imageName({ app, tag, registry }: { readonly app: App; readonly tag: string; readonly registry?: string | undefined }): string {
  return `${registry === undefined || registry === '' ? '' : `${registry}/`}millrace/${app}:${tag}`
}

export function projectVersion(): string {
  return readManifest(ROOT).version
}

const ROOT = join(import.meta.dirname, '../..')
const BILLS = join(ROOT, 'dist/images')
const NAME_WIDTH = 40

/** The commit of the clone, with `-dirty` behind it where files differ from it; undefined outside a clone. */
function headCommit(): string | undefined {
  const { status, stdout } = spawnSync('git', ['describe', '--always', '--abbrev=40', '--exclude=*', '--dirty'], { cwd: ROOT, encoding: 'utf8' })
  return status === 0 ? stdout.trim() : undefined
}

/** Where the clone came from, where that is an address; a folder of somebody's machine is none. */
function sourceAddress(): string | undefined {
  const { status, stdout } = spawnSync('git', ['remote', 'get-url', 'origin'], { cwd: ROOT, encoding: 'utf8' })
  const address = stdout.trim()
  return status === 0 && /^https:\/\/[^@]+$/.test(address) ? address : undefined
}

interface Context extends AsyncDisposable {
  readonly folder: string
}

/** A context that brings its packages: the app's tree, as it is collected here, and what the build stage runs. So no build needs a registry, or what a person's npm knows about one. */
async function makeContext(app: App): Promise<Context> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-context-'))
  const context = { folder, [Symbol.asyncDispose]: async () => { await rm(folder, { recursive: true, force: true }) } }
  try {
    await collectTree({ root: ROOT, app, out: folder, revision: undefined, builtPage: ensurePage })
    for (const path of ['package-lock.json', '.npmrc', 'tools/package.json', 'tools/images']) await cp(join(ROOT, path), join(folder, path), { recursive: true })
    return context
  } catch (error) {
    await context[Symbol.asyncDispose]()
    throw error
  }
}

/** Out of the image itself, so that both are the same. */
async function takeBill(docker: Docker, image: string, file: string): Promise<void> {
  const container = (await docker.run(['create', '--network', 'none', image])).trim()
  try {
    await docker.run(['cp', `${container}:/app/sbom.cdx.json`, file])
  } finally {
    await docker.run(['rm', container])
  }
}
