import { ADMIN_CONNECTION, openAdminClient, readAddress, readUrl, readVariable, type GatewayClient } from '../gateway-client.ts'
import type { Command, CommandCall } from '../command.ts'
import { CommandError } from '../command-error.ts'
import { printable, printableJson } from '../printable.ts'
import { probeService, type ServiceProbe } from '../probe-service.ts'
import { fieldText, readObject, readObjects, type Fields } from '../read-answer.ts'
import { JSON_OPTION, refuseOperands } from '../read-option.ts'
import { tableLines } from '../table-lines.ts'

/** `millrace status`. */
export const status: Command = {
  name: 'status',
  about: 'Tells whether services are ready, of which version they are, how far answers are behind, and what waits in the pipeline. Exit code 1 when something is wrong.',
  operands: '',
  options: {
    services: { value: 'name=address,...', about: 'ask these too whether they are ready; else MILLRACE_SERVICE_URLS' },
    ...JSON_OPTION, ...ADMIN_CONNECTION,
  },
  examples: ['millrace status', 'millrace status --services intake=http://millrace-intake:8080,query=http://millrace-query:8080'],
  run: async (call) => {
    refuseOperands(call, 'status')
    const { options, print } = call
    const addresses = [{ name: 'gateway', url: await readUrl(call) }, ...(await readServices(call))]
    const services = await Promise.all(addresses.map(async (address) => await probeService(call, address)))
    const pipeline = await askPipeline(await openAdminClient(call))
    const problems = [...services.filter(({ isReady }) => !isReady).map(({ name }) => `${name} is not ready`), ...(typeof pipeline === 'string' ? [pipeline] : problemsOf(pipeline))]
    if (options['json'] !== undefined) print(printableJson({ services, ...(typeof pipeline === 'string' ? {} : { pipeline }), problems }))
    else for (const line of [...serviceLines(services), ...(typeof pipeline === 'string' ? [] : ['', ...pipelineLines(pipeline)])]) print(line)
    for (const problem of problems) call.remark(printable(problem))
    return typeof pipeline === 'string' ? 'unavailable' : problems.length === 0 ? 'ok' : 'error'
  },
}

/** What waits; or why nobody can tell, while the services are worth showing all the same. */
async function askPipeline(client: GatewayClient): Promise<Fields | string> {
  try {
    return readObject(await client.ask('GET', '/v1/status'))
  } catch (error) {
    if (error instanceof CommandError && error.exitCode === 'unavailable') return error.message
    throw error
  }
}

/** What an answer may be behind before it says that it is not complete. */
const MAX_BEHIND_S = 10

function problemsOf(pipeline: Fields): readonly string[] {
  const { behindSeconds, deadLetters } = pipeline
  return [
    ...(typeof behindSeconds !== 'number' ? ['answers are more than two minutes behind'] : behindSeconds > MAX_BEHIND_S ? [`answers are ${behindSeconds.toFixed(1)} s behind`] : []),
    ...(typeof deadLetters === 'number' && deadLetters > 0 ? [`${deadLetters} dead letters wait: millrace dead-letters list`] : []),
  ]
}

function serviceLines(services: readonly ServiceProbe[]): readonly string[] {
  return tableLines(['SERVICE', 'READY', 'VERSION', 'ADDRESS', 'CHECKS'], services.map(({ name, isReady, version, url, detail }) => [name, isReady ? 'yes' : 'no', version ?? '-', url, detail]))
}

function pipelineLines(pipeline: Fields): readonly string[] {
  const { behindSeconds } = pipeline
  const busy = readObjects(pipeline, 'partitions').filter((partition) => COUNTS.some(({ field }) => partition[field] !== 0))
  const head = [
    `answers include    everything acknowledged until ${typeof behindSeconds === 'number' ? `${printable(fieldText(pipeline, 'completeUntil'))}, ${behindSeconds.toFixed(1)} s ago` : 'an unknown time'}`,
    ...COUNTS.map(({ field, name }) => `${name.padEnd(17)}  ${fieldText(pipeline, field)}`),
  ]
  if (busy.length === 0) return head
  return [...head, '', ...tableLines(['PARTITION', 'COMMITS', ...COUNTS.map(({ head: text }) => text)], busy.map((partition) => ['partition', 'commits', ...COUNTS.map(({ field }) => field)].map((field) => fieldText(partition, field))))]
}

const COUNTS = [
  { field: 'waitingRecords', name: 'records that wait', head: 'WAITING' },
  { field: 'unsealedCommits', name: 'unsealed commits', head: 'UNSEALED' },
  { field: 'deadLetters', name: 'dead letters', head: 'DEAD LETTERS' },
] as const

/** @throws {CommandError} the list is not one of names and addresses. */
async function readServices(call: CommandCall): Promise<readonly { readonly name: string; readonly url: string }[]> {
  const text = call.options['services'] ?? (await readVariable(call, 'MILLRACE_SERVICE_URLS'))
  return (text ?? '').split(',').filter((part) => part.trim() !== '').map((part) => {
    const [, name, url] = /^\s*([\w.-]+)=(\S+)\s*$/.exec(part) ?? []
    if (name === undefined || url === undefined) throw new CommandError('usage', `services are given as name=address with commas between, not "${part}"`)
    return { name, url: readAddress(url) }
  })
}
