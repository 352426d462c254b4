/** Real logs by a real shipper: Debian's rsyslog sends this machine's files and a busy nginx's access log, and every line is looked for. */
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient, createTenant } from '../client/millrace-client.ts'
import { readOptions } from '../command-line/read-options.ts'
import { waitUntilComplete } from '../ledger/check-ledger.ts'
import { freePort } from '../process/free-port.ts'
import { startStandalone } from '../process/standalone-process.ts'
import { browse } from './browse.ts'
import { compareLines } from './compare-lines.ts'
import { nginxConfiguration, rsyslogConfiguration, type WatchedFile } from './configurations.ts'
import { ensurePackages } from '../process/ensure-packages.ts'
import { runOwn } from './own-process.ts'

const options = readOptions('npm run demo -- [options]: rsyslog ships real files to a fresh standalone, and every line is looked for', {
  seconds: { default: 20, about: 'how long nginx is visited' },
  rate: { default: 200, about: 'visits per second' },
  keep: { default: false, about: 'keep the folder with data, configurations and logs' },
})

/** Lines that rsyslog has not delivered by then are missing. */
const DELIVERY_TIMEOUT_MS = 60_000

const folder = await mkdtemp(join(tmpdir(), 'millrace-demo-'))
const isGreen = await runDemo()
if (options.keep || !isGreen) console.log(`kept ${folder}`)
else await rm(folder, { recursive: true })
process.exitCode = isGreen ? 0 : 1

async function runDemo(): Promise<boolean> {
  console.log('installing rsyslog, its omelasticsearch module and nginx where they are missing')
  ensurePackages(['rsyslog', 'rsyslog-elasticsearch', 'nginx-light'])
  await using millrace = startStandalone({ port: await freePort(), dataFolder: join(folder, 'data'), logFile: join(folder, 'standalone.log') })
  if ((await millrace.ready()) === 'ended') throw new Error('the standalone ended at once')
  const tenant = await createTenant(millrace.url, millrace.adminKey, 'demo')
  const client = createClient(millrace.url, tenant.apiKey)

  const webPort = await freePort()
  await writeFile(join(folder, 'nginx.conf'), nginxConfiguration({ folder, port: webPort }))
  await using nginx = runOwn('/usr/sbin/nginx', ['-c', join(folder, 'nginx.conf'), '-p', folder, '-e', join(folder, 'nginx-error.log')], join(folder, 'nginx.log'))
  const watched: readonly WatchedFile[] = [{ tag: 'nginx', path: join(folder, 'access.log') }, { tag: 'dpkg', path: '/var/log/dpkg.log' }, { tag: 'apt', path: '/var/log/apt/history.log' }]
  const files = watched.filter(({ tag, path }) => tag === 'nginx' || existsSync(path))
  await mkdir(join(folder, 'spool'))
  await writeFile(join(folder, 'rsyslog.conf'), rsyslogConfiguration({ folder, port: Number(new URL(millrace.url).port), apiKey: tenant.apiKey, files }))
  await using rsyslog = runOwn('/usr/sbin/rsyslogd', ['-n', '-f', join(folder, 'rsyslog.conf'), '-i', join(folder, 'rsyslog.pid')], join(folder, 'rsyslog.log'))

  const startedMs = Date.now()
  console.log(`nginx on port ${webPort} is visited ${options.rate} times a second for ${options.seconds} s; rsyslog ships ${files.map(({ path }) => path).join(', ')}`)
  const visits = await browse(`http://127.0.0.1:${webPort}`, { perSecond: options.rate, seconds: options.seconds })
  for (const [name, { hasEnded }] of Object.entries({ nginx, rsyslog })) if (hasEnded) throw new Error(`${name} ended by itself; see ${folder}`)

  // rsyslog itself skips empty lines; every other line of every file counts.
  const lines = new Map(files.map(({ tag, path }) => [tag, readFileSync(path, 'utf8').split('\n').filter((line) => line !== '')]))
  const total = [...lines.values()].reduce((sum, list) => sum + list.length, 0)
  const range = { from: new Date(startedMs - 3_600_000).toISOString(), to: new Date(startedMs + 3_600_000).toISOString() }
  const deadline = performance.now() + DELIVERY_TIMEOUT_MS
  for (let count = 0; count < total && performance.now() < deadline; await sleep(200)) {
    count = Number((await client.aggregate({ filter: { query: '*', ...range }, compute: [{ aggregation: 'count' }] })).data.buckets[0]?.computes['c0'] ?? 0)
  }
  await waitUntilComplete(client, range, Date.now())

  let isGreen = (lines.get('nginx')?.length ?? 0) === visits
  for (const [tag, own] of lines) {
    const result = await compareLines(client, range, tag, own)
    const isRight = result.found === result.lines && result.counted === result.lines && result.missing === 0 && result.surplus === 0
    isGreen &&= isRight
    console.log(`${tag.padEnd(6)} ${result.lines} lines, ${result.found} found by search, ${result.counted} counted by aggregate, ${result.missing} missing, ${result.surplus} surplus${result.example === undefined ? '' : ` (${result.example})`}`)
  }
  console.log(`demo: ${isGreen ? `GREEN: all ${total} lines are found, each as often as it stands in its file` : 'RED'}`)
  return isGreen
}
