import { topicsOf } from '@millrace/bus/topics'
import { createInspections, type Inspections } from '@millrace/service/inspect-engines'
import type { ServiceSettings } from '@millrace/service/settings'
import { readVersion } from '@millrace/service/version'
import { AREAS, createNotes, type Area, type Finding, type Notes } from '../doctor/finding.ts'
import { checkCassandra } from '../doctor/check-cassandra.ts'
import { checkElasticsearch } from '../doctor/check-elasticsearch.ts'
import { checkGateway } from '../doctor/check-gateway.ts'
import { checkKafka } from '../doctor/check-kafka.ts'
import { checkMachine } from '../doctor/check-machine.ts'
import { checkRedis } from '../doctor/check-redis.ts'
import type { Command, CommandCall } from '../command.ts'
import { CommandError } from '../command-error.ts'
import { TENANT_CONNECTION } from '../gateway-client.ts'
import { withEngineSettings } from '../open-command-engines.ts'
import { printable, printableJson } from '../printable.ts'
import { JSON_OPTION } from '../read-option.ts'

/** `millrace doctor`. */
export const doctor: Command = {
  name: 'doctor',
  about: 'Looks at settings, engines, clocks, migrations and the gateway, and says of each problem why it is one and how to mend it. Changes nothing but for one event that it sends when it is given a key. Exit code 1 when there is a problem.',
  operands: '[area]...',
  options: { ...JSON_OPTION, ...TENANT_CONNECTION },
  examples: ['millrace doctor', 'millrace doctor gateway machine', 'MILLRACE_CONFIG_FILE=millrace.yaml MILLRACE_API_KEY_FILE=key millrace doctor --json'],
  run: async (call) => {
    const areas = readAreas(call.operands)
    const findings: Finding[] = []
    const isJson = call.options['json'] !== undefined
    for (const area of AREAS.filter((each) => areas.includes(each))) {
      const notes = createNotes(area)
      await look(area, notes, call)
      findings.push(...notes.findings)
      if (!isJson) for (const line of notes.findings.flatMap(findingLines)) call.print(line)
    }
    const problems = findings.filter(({ state }) => state === 'problem').length
    if (isJson) call.print(printableJson({ findings, problems }))
    else call.remark(problems === 0 ? 'no problem was found' : `${problems} ${problems === 1 ? 'problem' : 'problems'}`)
    return problems === 0 ? 'ok' : 'error'
  },
}

function readAreas(operands: readonly string[]): readonly Area[] {
  if (operands.length === 0) return AREAS
  return operands.map((operand) => {
    const area = AREAS.find((each) => each === operand)
    if (area === undefined) throw new CommandError('usage', `there is no area ${operand}: ${AREAS.join(', ')}`)
    return area
  })
}

async function look(area: Area, notes: Notes, call: CommandCall): Promise<void> {
  if (area === 'machine') await checkMachine(notes)
  else if (area === 'gateway') await checkGateway(notes, call, readVersion())
  else await lookAtEngine(area, notes, call)
}

async function lookAtEngine(area: 'settings' | 'cassandra' | 'kafka' | 'elasticsearch' | 'redis', notes: Notes, call: CommandCall): Promise<void> {
  try {
    await withEngineSettings(call, async (settings, options) => {
      if (area === 'settings') notes.ok('the settings are understood')
      else await ENGINES[area](notes, createInspections(settings, options), settings)
    })
  } catch (error) {
    if (!(error instanceof Error)) throw error
    // Said once, where settings are looked at; an engine cannot be looked for without them.
    if (error instanceof CommandError && area === 'settings') notes.problem('the settings are wrong', error.message, 'mend the variable, or the file that MILLRACE_CONFIG_FILE names')
    else if (error instanceof CommandError) notes.problem('it was not looked at', 'without settings nobody knows where it is', 'mend the settings first')
    else if (isAway(error)) notes.problem('it does not answer', reasonOf(error), `start it, and look at ${ADDRESS_SETTINGS[area]} and the settings for TLS, user name and password`)
    else throw error
  }
}

const ENGINES: Readonly<Record<'cassandra' | 'kafka' | 'elasticsearch' | 'redis', (notes: Notes, inspections: Inspections, settings: ServiceSettings) => Promise<void>>> = {
  cassandra: async (notes, inspections, settings) => {
    checkCassandra(notes, await inspections.cassandra(), settings)
  },
  kafka: async (notes, inspections, settings) => {
    const generation = await inspections.generation().catch((error: unknown) => {
      if (!(error instanceof Error) || !isAway(error)) throw error
      return undefined
    })
    if (generation === undefined) notes.note('topics were not looked at', 'only Cassandra knows which they are, and it does not tell', 'mend Cassandra, or run millrace migrate')
    const topics = generation === undefined ? undefined : topicsOf(generation)
    checkKafka(notes, await inspections.kafka(topics === undefined ? [] : [topics.batches, topics.routed, topics.commits, topics.deadLetters]), topics, settings)
  },
  elasticsearch: async (notes, inspections, settings) => {
    checkElasticsearch(notes, await inspections.elasticsearch(), settings)
  },
  redis: async (notes, inspections) => {
    checkRedis(notes, await inspections.redis())
  },
}

const ADDRESS_SETTINGS = {
  settings: '', kafka: 'MILLRACE_KAFKA_BROKERS', cassandra: 'MILLRACE_CASSANDRA_CONTACT_POINTS', elasticsearch: 'MILLRACE_ELASTICSEARCH_NODES', redis: 'MILLRACE_REDIS_ADDRESS',
} as const

/** As the ports say that an engine may answer later. */
function isAway(error: Error): boolean {
  return 'retryable' in error && error.retryable === true
}

/** The innermost sentence: those around it say that something failed. */
function reasonOf(error: Error): string {
  for (let inner: unknown = error; inner instanceof Error; inner = inner.cause) if (!(inner.cause instanceof Error)) return inner.message === '' ? error.message : inner.message
  return error.message
}

function findingLines({ area, state, what, cause, fix }: Finding): readonly string[] {
  const head = `${MARKS[state]}  ${area.padEnd(AREA_WIDTH)}  ${printable(what)}`
  return [head, ...(cause === undefined ? [] : [`${INDENT}because: ${printable(cause)}`]), ...(fix === undefined ? [] : [`${INDENT}fix:     ${printable(fix)}`])]
}

const MARKS = { ok: 'ok     ', note: 'note   ', problem: 'PROBLEM' } as const
const AREA_WIDTH = Math.max(...AREAS.map((area) => area.length))
const INDENT = ' '.repeat(MARKS.ok.length + AREA_WIDTH + 4)
