/** Starts the engines and every service on this machine, prints what a person needs, and stops the services at Ctrl-C. The engines stay up. */
import { spawnSync } from 'node:child_process'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { welcome } from '@millrace/standalone/welcome'
import { createSignInLink } from '../client/millrace-client.ts'
import { readOptions } from '../command-line/read-options.ts'
import { ENGINE_NAMES } from '../engines/engine.ts'
import { addressOn, planPorts } from '../engines/engine-settings.ts'
import { enginesHome, setFolderOf } from '../engines/open-engines.ts'
import { rememberedPorts } from '../engines/set-memory.ts'
import { stopAsked } from '../process/signals.ts'
import { addressesOf } from './engine-addresses.ts'
import { startServiceSet } from './service-set.ts'

const options = readOptions('npm run services -- [options]: every service as a process of its own, on real engines', {
  port: { default: 8080, about: 'of the gateway' },
  partitions: { default: 4, about: 'of the topics, when they are made' },
  namespace: { default: 'millrace', about: 'keyspace, index and key prefix; another one is another, empty installation' },
  logs: { default: join(homedir(), '.cache/millrace/services'), about: 'folder for one log a service' },
})

const stopped = stopAsked()
console.log('starting the engines')
const { status } = spawnSync(process.execPath, [join(import.meta.dirname, '../engines/main.ts'), 'up'], { stdio: 'inherit' })
if (status !== 0) process.exit(status ?? 1)
const ports = planPorts(rememberedPorts(setFolderOf(enginesHome())))
const engines = addressesOf(ENGINE_NAMES.map((name) => ({ name, address: addressOn(ports, name) })))
console.log('starting the services')
await using set = await startServiceSet({ engines, folder: options.logs, gatewayPort: options.port, partitions: options.partitions, namespace: options.namespace })
const link = await createSignInLink(set.url, set.adminKey, 'default')
console.log(welcome(options.port, { apiKey: set.apiKey, adminKey: set.adminKey }, link))
console.log(`Logs of the services: ${options.logs}. Ctrl-C ends the services; npm run engines -- down ends the engines.`)
await stopped
console.log('ending the services')
