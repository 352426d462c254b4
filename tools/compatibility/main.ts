/**
 * Records what this version writes, for the tests of all versions to come:
 *
 *   npm run compatibility -- --record 0.2.0
 *
 * Run once for each release, from its own tree, before its version is raised. What a released version wrote is never written again; until the release its folder may be deleted and made anew.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '@millrace/standalone/config'
import { readServiceSettings } from '@millrace/service/settings'
import { readOptions } from '../command-line/read-options.ts'
import { packFolder } from './archive.ts'
import { FORMATS } from './formats.ts'
import { recordStandalone } from './record-standalone.ts'
import { TESTDATA, type Manifest } from './recording.ts'
import { schemaSteps } from './schema-steps.ts'

/** For settings without a default. */
const SETTINGS = {
  services: {
    httpPort: 8080, syslogTcpPort: 601, syslogUdpPort: 514, syslogApiKey: 'key', kafkaUsername: 'user', kafkaPassword: 'password', cassandraUsername: 'user', cassandraPassword: 'password', elasticsearchUsername: 'user',
    elasticsearchPassword: 'password', redisUsername: 'user', redisPassword: 'password', enforceQuotas: true, bootstrapApiKey: 'key', bootstrapAdminKey: 'key',
  },
  standalone: { syslogTcpPort: 601, syslogUdpPort: 514, syslogApiKey: 'key', bootstrapApiKey: 'key', bootstrapAdminKey: 'key' },
}

const { record: version } = readOptions('npm run compatibility -- --record <version>: keeps what this version writes, for the tests of later ones', { record: { default: '', about: 'the version of this tree, such as 0.2.0' } })
if (!/^\d+\.\d+\.\d+$/.test(version)) throw new Error('--record needs a version')
const folder = join(TESTDATA, version)
if (existsSync(folder)) throw new Error(`${folder} is there already: what a version wrote is not written again`)

const formats: Record<string, Manifest['formats'][string]> = {}
const samples = FORMATS.map((format) => ({ format, bytes: format.encode() }))
for (const { format: { name, writes, reads, decode }, bytes } of samples) formats[name] = { writes, reads, value: decode(bytes) }
const data = await mkdtemp(join(tmpdir(), 'millrace-record-'))
try {
  console.log('running a standalone process; it seals after twenty seconds')
  const { recorded, events, recordedMs } = await recordStandalone(data)
  const manifest: Manifest = {
    recordedMs, formats, schemaSteps: schemaSteps(),
    settings: { services: { ...readServiceSettings({}), ...SETTINGS.services }, standalone: { ...readConfig({}), ...SETTINGS.standalone } },
  }
  await mkdir(folder, { recursive: true })
  for (const { format, bytes } of samples) await writeFile(join(folder, `${format.name}.bin`), bytes)
  await writeFile(join(folder, 'manifest.json'), `${JSON.stringify(manifest, undefined, 1)}\n`)
  await writeFile(join(folder, 'standalone.json'), `${JSON.stringify(recorded, undefined, 1)}\n`)
  await writeFile(join(folder, 'events.ndjson'), events.map((event) => `${JSON.stringify(event)}\n`).join(''))
  await writeFile(join(folder, 'standalone.zst'), await packFolder(data))
} finally {
  await rm(data, { recursive: true, force: true })
}
console.log(`recorded ${folder}`)
