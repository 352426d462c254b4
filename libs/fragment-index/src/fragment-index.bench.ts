/**
 * Prints what 300 documents of 5,000 words cost to put and how long a search over them takes, in SQLite and, where `TEST_ELASTICSEARCH` names one, in
 * Elasticsearch, with the cluster's own CPU time and bytes: `node libs/fragment-index/src/fragment-index.bench.ts`.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from '@elastic/elasticsearch'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemDisk } from '@millrace/runtime/system-disk'
import { systemRandom } from '@millrace/runtime/system-random'
import { createLog } from '@millrace/telemetry/log'
import type { FragmentDocument, FragmentIndex } from './fragment-index.ts'
import { openFragmentIndex } from './open-fragment-index.ts'

const DOCUMENTS = 300
const WORDS = 5_000
/** As many as a seal of a busy partition brings. */
const PER_PUT = 10
const SEARCHES = 200

const vocabulary = Array.from({ length: 12 * WORDS }, () => systemRandom.text(3 + Math.trunc(systemRandom.fraction() * 9)))
const documents = Array.from({ length: DOCUMENTS }, (_, i): FragmentDocument => {
  const words = new Set<string>()
  while (words.size < WORDS) words.add(vocabulary[Math.trunc(systemRandom.fraction() ** 2 * vocabulary.length)] ?? '')
  return { tenantId: 'acme', kind: 'log', dayNs: 0n, rowId: `row${i}`, minTimeNs: BigInt(i), maxTimeNs: BigInt(i + 1), words: [...words] }
})

async function measure(name: string, index: FragmentIndex, engineCpuSeconds: () => Promise<number>): Promise<void> {
  const [cpu, engineBefore, before] = [process.cpuUsage(), await engineCpuSeconds(), performance.now()]
  for (let i = 0; i < DOCUMENTS; i += PER_PUT) await index.put(documents.slice(i, i + PER_PUT))
  const seconds = (performance.now() - before) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  const engine = (await engineCpuSeconds()) - engineBefore
  const times: number[] = []
  for (let i = 0; i < SEARCHES; i++) {
    const start = performance.now()
    await index.find({ tenantId: 'acme', kind: 'log', fromNs: 0n, toNs: 1_000n, words: [vocabulary[i * 7] ?? '', vocabulary[i * 13] ?? ''] })
    times.push(performance.now() - start)
  }
  times.sort((a, b) => a - b)
  console.log(`${name.padEnd(14)}put ${(DOCUMENTS / seconds).toFixed(0)} documents/s, own CPU ${((user + system) / 1_000 / DOCUMENTS).toFixed(1)} ms, engine's CPU ${((engine * 1_000) / DOCUMENTS).toFixed(1)} ms a document; search p50 ${times[SEARCHES >> 1]?.toFixed(1)} ms, p99 ${times[Math.trunc(SEARCHES * 0.99)]?.toFixed(1)} ms`)
}

const runtime = { clock: systemClock, random: systemRandom }
const root = await mkdtemp(join(tmpdir(), 'index-bench-'))
{
  await using index = await openFragmentIndex({ kind: 'sqlite', root, disk: systemDisk, ...runtime })
  await measure('SQLite', index, async () => 0)
}
await rm(root, { recursive: true })

const node = process.env['TEST_ELASTICSEARCH']
if (node !== undefined) {
  const client = new Client({ node })
  const prefix = `bench${systemRandom.text(8)}`
  const indices = async (): Promise<string[]> => Object.keys(await client.indices.get({ index: `${prefix}-*` }))
  const bytes = async (): Promise<number> => (await client.indices.stats({ index: `${prefix}-*`, metric: 'store' }))._all.primaries?.store?.size_in_bytes ?? 0
  const cpuSeconds = async (): Promise<number> => Object.values((await client.nodes.stats({ metric: 'process' })).nodes).reduce((sum, { process: { cpu } = {} }) => sum + Number(cpu?.total_in_millis ?? 0), 0) / 1_000
  try {
    await using index = await openFragmentIndex({ kind: 'elasticsearch', nodes: [node], prefix, replicas: 0, log: createLog('silent'), ...runtime })
    await measure('Elasticsearch', index, cpuSeconds)
    console.log(`${' '.repeat(14)}${((await bytes()) / DOCUMENTS / WORDS).toFixed(1)} bytes a word, with what the server keeps for recovery until it merges later`)
  } finally {
    for (const index of await indices()) await client.indices.delete({ index })
    await client.close()
  }
}
