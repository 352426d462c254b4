import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { APPS } from '../../images/apps.ts'
import { buildImages, imageName, projectVersion } from '../../images/build-images.ts'
import { buildEngineImages } from '../../images/engines/build-engine-images.ts'
import { openDocker } from '../../images/open-docker.ts'

export interface MadeImages {
  /** Of this version. */
  readonly tag: string
  /** The same programs under another tag, which an upgrade leads to. */
  readonly nextTag: string
  /** Tars of `docker save` that hold all of them. */
  readonly tars: readonly string[]
  /** Of all layers of each image of this version, unpacked. Empty for ready images. */
  readonly bytes: ReadonlyMap<string, number>
}

/** Builds the images of all apps under two tags, and those of the engines, and writes them into `folder`; or takes the tars of a folder, which hold the same. */
export async function makeImages({ folder, ready, say }: { readonly folder: string; readonly ready: string; readonly say: (line: string) => void }): Promise<MadeImages> {
  const tag = projectVersion()
  const nextTag = `${tag}-next`
  if (ready !== '') return { tag, nextTag, bytes: new Map(), tars: (await readdir(ready)).filter((name) => name.endsWith('.tar')).map((name) => join(ready, name)) }
  await using docker = await openDocker()
  const built = await buildImages({ docker, apps: APPS, tag, base: 'local', say })
  const engines = await buildEngineImages({ docker, say })
  const next = await Promise.all(APPS.map(async (app) => {
    const context = join(folder, 'next', app)
    await mkdir(context, { recursive: true })
    await writeFile(join(context, 'Dockerfile'), `FROM ${imageName({ app, tag })}\nLABEL org.opencontainers.image.version="${nextTag}"\n`)
    const name = imageName({ app, tag: nextTag })
    await docker.run(['build', '--tag', name, context])
    return name
  }))
  const tars = { apps: [...built.map(({ name }) => name), ...next], engines }
  for (const [name, images] of Object.entries(tars)) await docker.run(['save', '--output', join(folder, `${name}.tar`), ...images])
  return { tag, nextTag, tars: Object.keys(tars).map((name) => join(folder, `${name}.tar`)), bytes: new Map(built.map(({ name, bytes }) => [name, bytes])) }
}
