import { parseArgs } from 'node:util'
import { resolve } from 'node:path'
import type { EngineName } from '@millrace/simulator/describe-on'
import { ENGINE_NAMES, EngineError } from './engine.ts'
import { DEFAULT_HEAPS, DEFAULT_PORTS, isEngineName, type EngineHeaps } from './engine-settings.ts'

/** What `npm run engines` was told. Ports and heaps that were not given are those of the set's last start, else the defaults. */
export interface EnginesCommand {
  readonly action: Action
  readonly names: readonly EngineName[]
  readonly way: Way | undefined
  readonly home: string | undefined
  readonly ports: Partial<Readonly<Record<EngineName, number>>>
  readonly heaps: Partial<EngineHeaps>
}

export type Way = 'native' | 'docker'

type Action = (typeof ACTIONS)[number]

const ACTIONS = ['up', 'down', 'status', 'wipe'] as const

export const USAGE = `npm run engines -- up|down|status|wipe [options]: Kafka, Cassandra, Elasticsearch and Redis for development
  up                     installs what is missing, starts all at once, and waits until each one works
  down                   stops them in order; their data stays
  status                 shows each one; exits with 1 when one does not work
  wipe                   stops them and removes their data
  --only a,b             of ${ENGINE_NAMES.join(', ')} (all)
  --docker, --native     containers, or processes with programs from Maven Central and Debian (Docker where it works)
  --home folder          for programs and data (ENGINES_HOME, or a folder of the user's cache)
${ENGINE_NAMES.map((name) => `  --${`${name}-port n`.padEnd(20)} where clients reach it (${DEFAULT_PORTS[name]})`).join('\n')}
${Object.entries(DEFAULT_HEAPS).map(([name, heap]: [string, string]) => `  --${`${name}-heap size`.padEnd(20)} of Java, such as ${heap} (${heap})`).join('\n')}`

/** @throws {EngineError} something is not understood; says what. */
export function readCommand(args: readonly string[]): EnginesCommand {
  const { positionals, values } = parse(args)
  const [action = '', ...surplus] = positionals
  const known = ACTIONS.find((name) => name === action)
  if (known === undefined || surplus.length > 0) throw new EngineError(`say one of ${ACTIONS.join(', ')}${positionals.length === 0 ? '' : `, not "${positionals.join(' ')}"`}`)
  if (values['docker'] === true && values['native'] === true) throw new EngineError('--docker and --native exclude each other')
  const text = (name: string): string | undefined => {
    const value = values[name]
    return typeof value === 'string' ? value : undefined
  }
  const home = text('home')
  return {
    action: known,
    names: readNames(text('only')),
    way: values['docker'] === true ? 'docker' : values['native'] === true ? 'native' : undefined,
    home: home === undefined ? undefined : resolve(home),
    ports: Object.fromEntries(ENGINE_NAMES.flatMap((name) => withValue(name, readPort(`${name}-port`, text(`${name}-port`))))),
    heaps: Object.fromEntries(Object.keys(DEFAULT_HEAPS).flatMap((name) => withValue(name, readHeap(`${name}-heap`, text(`${name}-heap`))))),
  }
}

interface ParsedArgs {
  readonly positionals: readonly string[]
  readonly values: Readonly<Record<string, string | boolean | undefined>>
}

function parse(args: readonly string[]): ParsedArgs {
  const valued = ['only', 'home', ...ENGINE_NAMES.map((name) => `${name}-port`), ...Object.keys(DEFAULT_HEAPS).map((name) => `${name}-heap`)]
  const options = { docker: { type: 'boolean' as const }, native: { type: 'boolean' as const }, ...Object.fromEntries(valued.map((name) => [name, { type: 'string' as const }])) }
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (cause) {
    throw new EngineError(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

function readNames(list: string | undefined): readonly EngineName[] {
  if (list === undefined) return ENGINE_NAMES
  const names = list.split(',').map((name) => name.trim())
  return names.map((name) => {
    if (!isEngineName(name)) throw new EngineError(`--only knows ${ENGINE_NAMES.join(', ')}, not "${name}"`)
    return name
  })
}

function readPort(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d{1,5}$/.test(text)) throw new EngineError(`--${option} must be a port number, not "${text}"`)
  return Number(text)
}

function readHeap(option: string, text: string | undefined): string | undefined {
  if (text !== undefined && !/^\d+[mg]$/.test(text)) throw new EngineError(`--${option} must be a size such as 512m or 2g, not "${text}"`)
  return text
}

function withValue<Value>(name: string, value: Value | undefined): readonly (readonly [string, Value])[] {
  return value === undefined ? [] : [[name, value]]
}
