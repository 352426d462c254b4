import { createClient, createTenant } from '../client/millrace-client.ts'
import { percentileOf } from '../load/percentile.ts'
import { resetPeak } from '../process/process-usage.ts'
import { cpuBetween, readUse, sumOf, type BenchSystem, type Entrance, type Use } from './bench-system.ts'
import type { Bodies } from './build-bodies.ts'
import { probeFreshness } from './probe-freshness.ts'
import { sendBodies } from './send-bodies.ts'
import { measureIdle, untilSettled } from './until-settled.ts'

export interface IngestOptions {
  readonly entrance: Entrance
  readonly bodies: Pick<Bodies, 'path' | 'places'>
  readonly connections: number
  /** Whether single events are sent and asked for beside the bodies, to see how soon they are searchable; it costs about as much as a query or two a second. */
  readonly hasProbes: boolean
}

export interface IngestReport {
  readonly entrance: string
  readonly events: number
  readonly seconds: number
  readonly eventsPerSecond: number
  readonly ackMs: { readonly p50: number; readonly p99: number }
  readonly searchableMs: { readonly p50: number; readonly p99: number; readonly probes: number }
  readonly busyReplies: number
  /** From the first body until nothing was left to do. */
  readonly settledSeconds: number
  readonly hasSettled: boolean
  readonly use: Readonly<Record<string, IngestUse>>
}

/** Of one part. */
export interface IngestUse {
  /** CPU seconds per million events until the last acknowledgement. */
  readonly acknowledged: number
  /** … until nothing was left to do: sealing and merging included. */
  readonly settled: number
  /** CPU milliseconds per second, afterwards. */
  readonly idle: number
  readonly peakRssMb: { readonly firstHalf: number; readonly secondHalf: number }
}

/** Sends all bodies as a new tenant, and measures until everything is sealed. Answers with the tenant's key. */
export async function measureIngest(system: BenchSystem, { entrance, bodies, connections, hasProbes }: IngestOptions): Promise<{ readonly report: IngestReport; readonly apiKey: string }> {
  const { parts, url } = system
  const events = sumOf(bodies.places, (place) => place.events)
  const { apiKey } = await createTenant(url, system.adminKey, 'bench')
  const client = createClient(url, apiKey)
  resetPeaks(system)
  const before = readUse(parts)
  const startedMs = performance.now()
  let firstHalf: Use | undefined
  const probing = new AbortController()
  const probes = hasProbes ? probeFreshness(url, apiKey, probing.signal) : Promise.resolve([])
  const sending = await sendBodies(bodies, {
    url: entrance.url, apiKey, connections,
    onSent: (sent) => {
      if (firstHalf !== undefined || sent < events / 2) return
      firstHalf = readUse(parts)
      resetPeaks(system)
    },
  })
  const acked = readUse(parts)
  probing.abort()
  const probeMs = await probes
  const settled = await untilSettled(system, client, sending.receipts.slice(-LAST_RECEIPTS))
  const settledSeconds = (settled.atMs - startedMs) / 1000
  const idle = await measureIdle(system)

  const millions = events / 1e6
  const ackedCpu = cpuBetween(before, acked)
  const megabytes = (use: Use | undefined, name: string): number => Math.round((use?.get(name)?.peakRssBytes ?? NaN) / 1e6)
  const use = [...cpuBetween(before, settled.use)].map(([name, cpuSeconds]): [string, IngestUse] => [name, {
    acknowledged: (ackedCpu.get(name) ?? NaN) / millions, settled: cpuSeconds / millions, idle: idle[name] ?? NaN,
    peakRssMb: { firstHalf: megabytes(firstHalf, name), secondHalf: megabytes(acked, name) },
  }])
  return {
    apiKey,
    report: {
      entrance: entrance.name, events, seconds: sending.seconds, eventsPerSecond: events / sending.seconds,
      ackMs: { p50: percentileOf(sending.ackMs, 0.5), p99: percentileOf(sending.ackMs, 0.99) },
      searchableMs: { p50: percentileOf(probeMs, 0.5), p99: percentileOf(probeMs, 0.99), probes: probeMs.length },
      busyReplies: sending.busyReplies, settledSeconds, hasSettled: settled.hasSettled, use: Object.fromEntries(use),
    },
  }
}

/** Bodies are spread over a tenant's partitions at random, and a partition is sealed in order: so many of the last have one of each. */
const LAST_RECEIPTS = 40

/** Of our own processes: an engine's may belong to another user. */
function resetPeaks({ parts }: BenchSystem): void {
  for (const { kind, pids } of parts) if (kind === 'app') for (const pid of pids) resetPeak(pid)
}
