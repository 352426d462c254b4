/** Builds an image for each app, with the Docker daemon of this machine or one that is started for it. */
import { readOptions } from '../command-line/read-options.ts'
import { ENGINE_NAMES } from '../engines/engine.ts'
import { addressOn, planPorts } from '../engines/engine-settings.ts'
import { enginesHome, setFolderOf } from '../engines/open-engines.ts'
import { rememberedPorts } from '../engines/set-memory.ts'
import { addressesOf, type EngineAddresses } from '../service-set/engine-addresses.ts'
import { APPS, isApp } from './apps.ts'
import { buildImages, projectVersion } from './build-images.ts'
import { buildEngineImages } from './engines/build-engine-images.ts'
import { figuresTable } from './figures-table.ts'
import { MAX_IDLE_BYTES, MAX_IMAGE_BYTES, MAX_START_MS } from './goals.ts'
import { measureImages } from './measure-images.ts'
import { dockerHome, openDocker } from './open-docker.ts'

const options = readOptions('npm run images -- [options]: builds millrace/<app>, with a bill of materials each in dist/images', {
  app: { default: 'all', about: `some of ${APPS.join(', ')}, with commas between` },
  tag: { default: projectVersion(), about: 'of the images' },
  registry: { default: '', about: 'before their names, such as registry.example.com:5000' },
  base: { default: '', about: 'image with Node 24 and npm; "local" makes one of this machine, for where no registry is reached; empty takes the one in the Dockerfile' },
  runtime: { default: '', about: 'image that the apps run on; likewise' },
  measure: { default: false, about: 'also runs each on the engines that run (npm run engines), and prints its start and idle memory' },
  engines: { default: false, about: 'instead of the apps: stand-ins for the official images of the engines, for where no registry is reached (docs/engines.md)' },
  home: { default: dockerHome(), about: 'folder of a Docker daemon of our own, started where none answers' },
})

const apps = options.app === 'all' ? APPS : options.app.split(',').map((name) => {
  if (isApp(name)) return name
  console.error(`there is no app ${name}; there are ${APPS.join(', ')}`)
  process.exit(2)
})
const { tag, registry, base, runtime, home } = options
await using docker = await openDocker({ home })
if (options.engines) await buildEngineImages({ docker, say: console.log })
else process.exitCode = (await buildApps()) ? 0 : 1

/** True when each image keeps within what a user may expect of it. */
async function buildApps(): Promise<boolean> {
  const images = await buildImages({ docker, apps, tag, registry, say: console.log, ...(base === '' ? {} : { base }), ...(runtime === '' ? {} : { runtime }) })
  const misses = images.filter(({ bytes }) => bytes >= MAX_IMAGE_BYTES).map(({ name }) => `${name} has ${MAX_IMAGE_BYTES / 1e6} MB or more`)
  if (options.measure) {
    const figures = await measureImages({ docker, images, engines: runningEngines() })
    console.log(figuresTable(figures))
    for (const { name, readyMs, rssBytes } of figures) {
      if (readyMs >= MAX_START_MS) misses.push(`${name} needs ${MAX_START_MS / 1000} s or more to be ready`)
      if (rssBytes >= MAX_IDLE_BYTES) misses.push(`${name} has ${MAX_IDLE_BYTES / 1e6} MB or more when idle`)
    }
  }
  for (const miss of misses) console.error(miss)
  return misses.length === 0
}

/** Where the default set of engines was last started. */
function runningEngines(): EngineAddresses {
  const ports = planPorts(rememberedPorts(setFolderOf(enginesHome())))
  return addressesOf(ENGINE_NAMES.map((name) => ({ name, address: addressOn(ports, name) })))
}
