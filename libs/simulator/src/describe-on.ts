/** Engines that a test run may have, each at the address in its variable: `TEST_KAFKA=127.0.0.1:9092` and so on. `npm run test:engines` sets them all. */
export type EngineName = 'kafka' | 'cassandra' | 'elasticsearch' | 'redis'

/**
 * A `describe` for tests that need one real engine; skipped, and counted as such, where the run has none.
 *
 * @param tests is given `host:port`, for Elasticsearch `http://host:port`.
 */
export function describeOn(engine: EngineName, name: string, tests: (address: string) => void): void {
  const address = addressOf(engine)
  const about = `${name} (on ${engine})`
  if (address === '') describe.skip(about, () => { tests('127.0.0.1:1') })
  else describe(about, () => { tests(address) })
}

/** Empty when the run has no such engine. */
export function addressOf(engine: EngineName): string {
  return process.env[`TEST_${engine.toUpperCase()}`] ?? ''
}

/** As {@link describeOn}, for tests that need all four. */
export function describeOnAll(name: string, tests: () => void): void {
  const about = `${name} (on all engines)`
  if (ENGINES.some((engine) => addressOf(engine) === '')) describe.skip(about, tests)
  else describe(about, tests)
}

const ENGINES: readonly EngineName[] = ['kafka', 'cassandra', 'elasticsearch', 'redis']
