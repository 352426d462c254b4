import { readdirSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readServiceSettings } from '@millrace/service/settings'
import { readConfig } from '@millrace/standalone/config'
import { createTestClient } from '../e2e/test-client.ts'
import { unpackFolder } from './archive.ts'
import { FORMATS } from './formats.ts'
import { readRecording, TESTDATA, type Recording } from './recording.ts'
import { schemaSteps } from './schema-steps.ts'
import { openFolder, pageOf, pipelinesOf, viewsOf } from './standalone-folder.ts'

/** Oldest first. */
const versions = readdirSync(TESTDATA).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
const recordings = await Promise.all(versions.map(readRecording))

describe('what every version so far has written', () => {
  it('is here', () => {
    expect(versions.length).toBeGreaterThan(0)
  })

  it.each(versions)('says what it said: %s', async (version) => {
    const { manifest, file } = recordingOf(version)
    for (const [name, { value }] of Object.entries(manifest.formats)) {
      const format = FORMATS.find((known) => known.name === name)
      expect({ name, value: format?.decode(await file(`${name}.bin`)) }).toEqual({ name, value })
    }
  })

  it.each(versions)('of the schema has run in that form and is not changed: %s', (version) => {
    expect(schemaSteps()).toMatchObject(recordingOf(version).manifest.schemaSteps)
  })

  it.each(versions)('of settings is taken, and means the same: %s', async (version) => {
    const { settings } = recordingOf(version).manifest
    for (const [name, read] of [['services', readServiceSettings], ['standalone', readConfig]] as const) {
      const path = join(await mkdtemp(join(tmpdir(), 'millrace-settings-')), 'millrace.json')
      await writeFile(path, JSON.stringify(settings[name]))
      expect(read({ MILLRACE_CONFIG_FILE: path })).toMatchObject(settings[name])
      await rm(join(path, '..'), { recursive: true })
    }
  })

  it.each(versions)('of a standalone folder is found, and gone on with: %s', async (version) => {
    const { manifest, standalone, file } = recordingOf(version)
    const folder = await mkdtemp(join(tmpdir(), 'millrace-compatibility-'))
    try {
      await unpackFolder(await file('standalone.zst'), folder)
      const adminKey = 'another-admin-key'
      await using millrace = await openFolder(folder, { nowMs: manifest.recordedMs + 1000, apiKey: standalone.apiKey, adminKey })
      const client = createTestClient(millrace.url, standalone.apiKey)
      const events = (await file('events.ndjson')).toString('utf8').trim().split('\n').map((line) => JSON.parse(line) as unknown)
      expect(events.length).toBeGreaterThan(50)
      expect(await client.search('*')).toEqual(events)
      expect((await pageOf(client, standalone.cursor)).events.map(({ id }) => id)).toEqual(standalone.nextIds)
      for (const [state, receipt] of Object.entries(standalone.receipts)) expect(await (await client.get(`/v1/receipts/${receipt}`)).json()).toMatchObject({ state })
      expect(await viewsOf(client)).toEqual(standalone.views)
      expect(await pipelinesOf(client, adminKey)).toEqual(standalone.pipelines)
      expect((await fetch(`${millrace.url}/v1/session`, { headers: { cookie: standalone.cookie } })).status).toBe(200)
      // A repetition is known by the ids that the version before has kept; what is new stands beside the old.
      await client.searchable(await client.send('{"message":"new beside the old"}\n'))
      await client.searchable(await client.send('{"message":"never stored"}\n', { 'idempotency-key': 'recorded-0' }))
      expect((await client.search('*')).length).toBe(events.length + 1)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }, 60_000)
})

describe('what this version writes', () => {
  it('the version before can read', async () => {
    const before = await releaseBefore()
    for (const { name, writes, isExact, encode } of FORMATS) {
      const known = before.manifest.formats[name]
      if (known === undefined) continue // its readers came with it
      expect({ name, reads: known.reads }).toEqual({ name, reads: expect.arrayContaining([writes]) as string[] })
      // Within one version every byte is as it was: what is added without a new version would be a new form by stealth.
      if (isExact && known.writes === writes) expect({ name, bytes: Buffer.from(encode()).toString('hex') }).toEqual({ name, bytes: (await before.file(`${name}.bin`)).toString('hex') })
    }
  })

  it('and it reads itself what it writes, and all that was written', () => {
    for (const { name, writes, reads } of FORMATS) {
      expect({ name, reads }).toEqual({ name, reads: expect.arrayContaining([writes, ...recordings.flatMap(({ manifest }) => manifest.formats[name]?.writes ?? [])]) as string[] })
    }
  })
})

function recordingOf(version: string): Recording {
  const found = recordings.find((recording) => recording.version === version)
  if (found === undefined) throw new Error(`${version} was not recorded`)
  return found
}

/** The newest recording that is older than this tree; of the first release its own. */
async function releaseBefore(): Promise<Recording> {
  const { version = '0.1.0' } = JSON.parse(await readFile(join(import.meta.dirname, '../../package.json'), 'utf8')) as { readonly version?: string }
  const older = versions.filter((recorded) => recorded.localeCompare(version, 'en', { numeric: true }) < 0)
  return recordingOf(older.at(-1) ?? versions[0] ?? '')
}
