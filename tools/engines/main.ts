/** The real engines for development: starts, stops and shows them, as containers or as processes of this machine. */
import { createDockerWay, isDockerUsable } from './docker-way.ts'
import { EngineError } from './engine.ts'
import { addressOn, planPorts } from './engine-settings.ts'
import type { EngineWay, WayOptions } from './engine-way.ts'
import { isAnswering } from './is-answering.ts'
import { createNativeWay } from './native-way.ts'
import { enginesHome, setFolderOf } from './open-engines.ts'
import { readCommand, USAGE, type EnginesCommand } from './read-command.ts'
import { recallSet, rememberedPorts, rememberSet } from './set-memory.ts'

const args = process.argv.slice(2)
if (args.includes('--help')) console.log(USAGE)
else {
  try {
    process.exitCode = (await run(readCommand(args))) ? 0 : 1
  } catch (error) {
    if (!(error instanceof EngineError)) throw error
    console.error(error.message)
    process.exitCode = 2
  }
}

async function run(command: EnginesCommand): Promise<boolean> {
  const { action, names, home = enginesHome() } = command
  const folder = setFolderOf(home)
  const memory = recallSet(folder, command)
  const settings = { ports: planPorts(memory.ports), heaps: memory.heaps }
  const kind = memory.way ?? ((await isDockerUsable()) ? 'docker' : 'native')
  const openWay = kind === 'docker' ? createDockerWay : createNativeWay
  const way = openWay({ home, folder, settings, names, say: (line) => { console.log(line) } })
  if (action === 'status') return await showStatus(way, { names, settings })
  if (action === 'up') {
    await refuseMoves(way, { command, ports: rememberedPorts(folder) })
    await rememberSet(folder, { ...memory, way: kind })
    await way.up()
    return true
  }
  await way.down()
  if (action === 'wipe') await way.wipe()
  console.log(`${names.join(', ')}: ${action === 'wipe' ? 'down and wiped' : 'down'}`)
  return true
}

/** A running engine keeps its port: to say that it works at another one would be untrue. */
async function refuseMoves(way: EngineWay, { command, ports }: { readonly command: EnginesCommand; readonly ports: Readonly<Record<string, number>> }): Promise<void> {
  for (const name of (await way.running()).keys()) {
    const wanted = command.ports[name] ?? ports[name]
    if (wanted !== ports[name]) throw new EngineError(`${name} already runs, at port ${ports[name]}: take it down before it moves to ${wanted}`)
  }
}

async function showStatus(way: EngineWay, { names, settings }: Pick<WayOptions, 'names' | 'settings'>): Promise<boolean> {
  const running = await way.running()
  const working = await Promise.all(names.map(async (name) => running.has(name) && (await isAnswering(name, settings.ports[name]))))
  for (const [index, name] of names.entries()) {
    const about = running.get(name)
    const state = about === undefined ? 'down' : working[index] === true ? 'works' : 'does not answer'
    console.log(about === undefined ? `${name.padEnd(14)} ${state}` : `${name.padEnd(14)} ${state.padEnd(16)} ${addressOn(settings.ports, name)}, ${about}`)
  }
  return working.every(Boolean)
}
