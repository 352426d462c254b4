import { spawn } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { EngineName } from '@millrace/simulator/describe-on'
import { EngineError, type Engine, type EngineSet } from './engine.ts'
import { planFreePorts } from './engine-settings.ts'
import { openEngines, startAll, stopAll } from './open-engines.ts'

/** Engines that belong to this process alone. Disposing stops them and removes their folder. */
export interface PrivateEngineSet extends EngineSet, AsyncDisposable {
  /** @throws {EngineError} the set has none of that name. */
  engine(name: EngineName): Engine
}

export interface StartEngineSetOptions {
  /** Is made, and removed at the end; must not hold anything else. One in the system's temporary folder where none is given. */
  readonly folder?: string
  readonly names?: readonly EngineName[]
}

/**
 * Starts a fresh set on ports that nobody uses, and waits until it works. However this process ends, also by SIGKILL, the engines end within
 * a second and their folder is removed.
 *
 * @throws {EngineError} an engine cannot be started; nothing is left then.
 */
export async function startEngineSet({ folder: given, names }: StartEngineSetOptions = {}): Promise<PrivateEngineSet> {
  const folder = given === undefined ? await mkdtemp(join(tmpdir(), 'millrace-engines-')) : resolve(given)
  await mkdir(folder, { recursive: true })
  await chmod(folder, 0o755) // Elasticsearch may run as another user
  const set = openEngines({ folder, ports: await planFreePorts(), ...(names === undefined ? {} : { names }) })
  const guard = spawn(process.execPath, [join(import.meta.dirname, 'guard-main.ts'), folder], { detached: true, stdio: ['pipe', 'ignore', 'inherit'] })
  guard.unref()
  const remove = async (): Promise<void> => {
    await stopAll(set)
    guard.kill()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await startAll(set)
  } catch (error) {
    await remove()
    throw error
  }
  return {
    ...set,
    engine(name) {
      const engine = set.engines.find((candidate) => candidate.name === name)
      if (engine === undefined) throw new EngineError(`the set has no ${name}`)
      return engine
    },
    [Symbol.asyncDispose]: remove,
  }
}
