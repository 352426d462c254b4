/** Builds an image for each app, with the Docker daemon of this machine or one that is started for it. */
import { readOptions } from '../command-line/read-options.ts'
import { APPS, isApp } from './apps.ts'
import { buildImages, projectVersion } from './build-images.ts'
import { dockerHome, openDocker } from './open-docker.ts'

const options = readOptions('npm run images -- [options]: builds millrace/<app>, with a bill of materials each in dist/images', {
  app: { default: 'all', about: `some of ${APPS.join(', ')}, with commas between` },
  tag: { default: projectVersion(), about: 'of the images' },
  registry: { default: '', about: 'before their names, such as registry.example.com:5000' },
  base: { default: '', about: 'image with Node 24 and npm; "local" makes one of this machine, for where no registry is reached; empty takes the one in the Dockerfile' },
  runtime: { default: '', about: 'image that the apps run on; likewise' },
  home: { default: dockerHome(), about: 'folder of a Docker daemon of our own, started where none answers' },
})

/** A node pulls an image before its first pod starts. */
const MAX_IMAGE_BYTES = 250e6

const apps = options.app === 'all' ? APPS : options.app.split(',').map((name) => {
  if (isApp(name)) return name
  console.error(`there is no app ${name}; there are ${APPS.join(', ')}`)
  process.exit(2)
})
const { tag, registry, base, runtime, home } = options
await using docker = await openDocker({ home })
const built = await buildImages({ docker, apps, tag, registry, say: console.log, ...(base === '' ? {} : { base }), ...(runtime === '' ? {} : { runtime }) })
const tooLarge = built.filter(({ bytes }) => bytes >= MAX_IMAGE_BYTES)
for (const { name } of tooLarge) console.error(`${name} is larger than ${MAX_IMAGE_BYTES / 1e6} MB`)
process.exitCode = tooLarge.length === 0 ? 0 : 1
