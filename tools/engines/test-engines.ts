/**
 * Runs every test that needs a real engine, and every test of a whole system against the services on them, on a private set that is started for it and removed afterwards. An engine whose `TEST_…` variable is set is used instead.
 * A skipped test is a failure here. Arguments choose test files by parts of their paths.
 */
import { join } from 'node:path'
import type { EngineName } from '@millrace/simulator/describe-on'
import { countsText, runJest, type TestCounts } from '../jest-run.ts'
import { createDockerWay, isDockerUsable } from './docker-way.ts'
import { ENGINE_NAMES, EngineError } from './engine.ts'
import { addressOn, DEFAULT_HEAPS, planFreePorts } from './engine-settings.ts'
import { findEngineTests } from './find-engine-tests.ts'
import { enginesHome } from './open-engines.ts'
import { startEngineSet } from './start-engine-set.ts'

/** Real engines and processes on a busy machine: what takes milliseconds in one process may take seconds. */
const TEST_TIMEOUT_MS = 60_000

type Addresses = Readonly<Partial<Record<EngineName, string>>>

const filters = process.argv.slice(2)
try {
  process.exitCode = (await testEngines()) ? 0 : 1
} catch (error) {
  if (!(error instanceof EngineError)) throw error
  console.error(error.message)
  console.log(countsText({ passed: 0, failed: 1, skipped: 0 }))
  process.exitCode = 1
}

async function testEngines(): Promise<boolean> {
  const tests = (await findEngineTests(join(import.meta.dirname, '../..'))).filter(({ path }) => filters.length === 0 || filters.some((part) => path.includes(part)))
  const given: Addresses = Object.fromEntries(ENGINE_NAMES.flatMap((name) => (variableOf(name) in process.env ? [[name, process.env[variableOf(name)]]] : [])))
  const names = ENGINE_NAMES.filter((name) => given[name] === undefined && tests.some(({ engines }) => engines.includes(name)))
  const run = async (started: Addresses): Promise<TestCounts> => {
    const addresses = Object.entries({ ...given, ...started }).map(([name, address]: [string, string]) => [variableOf(name), address])
    console.log(`${tests.length} test files on ${addresses.map((pair) => pair.join('=')).join(' ')}`)
    // One file at a time: together they would only wait for the same engines.
    const args = ['--runInBand', `--testTimeout=${TEST_TIMEOUT_MS}`, '--runTestsByPath', ...tests.map(({ path }) => path)]
    return await runJest(args, { ...process.env, TEST_SYSTEM: 'services', ...Object.fromEntries(addresses) })
  }
  const counts = names.length === 0 ? await run({}) : await onFreshEngines(names, run)
  console.log(countsText(counts))
  return counts.failed === 0 && counts.skipped === 0
}

function variableOf(name: string): string {
  return `TEST_${name.toUpperCase()}`
}

async function onFreshEngines(names: readonly EngineName[], run: (addresses: Addresses) => Promise<TestCounts>): Promise<TestCounts> {
  console.log(`starting ${names.join(', ')}; the first time programs are fetched, which takes a minute or two`)
  if (await isDockerUsable()) return await onContainers(names, run)
  await using set = await startEngineSet({ names })
  return await run(Object.fromEntries(set.engines.map(({ name, address }) => [name, address])))
}

async function onContainers(names: readonly EngineName[], run: (addresses: Addresses) => Promise<TestCounts>): Promise<TestCounts> {
  const ports = await planFreePorts()
  const way = createDockerWay({ home: enginesHome(), folder: `test-engines-${process.pid}`, settings: { ports, heaps: DEFAULT_HEAPS }, names, say: (line) => { console.log(line) } })
  try {
    await way.up()
    return await run(Object.fromEntries(names.map((name) => [name, addressOn(ports, name)])))
  } finally {
    await way.down()
    await way.wipe()
  }
}
