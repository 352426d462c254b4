/** Starts the engines and every service on this machine, prints what a person needs, and stops the services at Ctrl-C. The engines stay up. */
import { homedir } from 'node:os'
import { join } from 'node:path'
import { welcome } from '@millrace/standalone/welcome'
import { readOptions } from '../command-line/read-options.ts'
import { openEngines, startAll } from '../engines/open-engines.ts'
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
const engines = openEngines()
console.log('starting the engines')
await startAll(engines)
console.log('starting the services')
await using set = await startServiceSet({ engines: addressesOf(engines.engines), folder: options.logs, gatewayPort: options.port, partitions: options.partitions, namespace: options.namespace })
console.log(welcome(options.port, { apiKey: set.apiKey, adminKey: set.adminKey }))
console.log(`Logs of the services: ${options.logs}. Ctrl-C ends the services; npm run engines -- down ends the engines.`)
await stopped
console.log('ending the services')
