/** One zombie run; the last line is its verdict. */
import { readOptions } from '../command-line/read-options.ts'
import { runZombies } from './zombie-run.ts'

const { verbose: isVerbose, ...options } = readOptions('node tools/mutants/zombie-run-main.ts [options]: routers and writers over real Kafka and Cassandra, with lost replies and zombies', {
  seed: { default: 1, about: 'plans events and faults' },
  kafka: { default: '127.0.0.1:9092', about: 'address of the one broker' },
  cassandra: { default: '127.0.0.1:9042', about: 'address of a node' },
  keyspace: { default: 'millrace_mutants', about: 'is made where it is missing, and stays' },
  verbose: { default: false, about: 'show the logs of routers and writers' },
})

try {
  const startedMs = performance.now()
  const { isGreen, events, happened, problems } = await runZombies({ ...options, isVerbose })
  console.log(`${Math.round((performance.now() - startedMs) / 1000)} s; ${Object.entries(happened).map(([what, times]) => `${what}: ${times}`).join(', ')}`)
  console.log(`zombie run: ${isGreen ? 'GREEN' : 'RED'}: ${isGreen ? `${events} events stored once each` : problems.slice(0, 5).join('; ')}`)
  process.exit(isGreen ? 0 : 1) // a member that does not end must not keep the process
} catch (error) {
  console.error(error)
  console.log(`zombie run: no verdict: ${error instanceof Error ? error.message : String(error)}`)
  process.exit(2)
}
