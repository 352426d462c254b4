import { setTimeout as sleep } from 'node:timers/promises'
import type { Engine } from '../engines/engine.ts'
import { within } from '../process/within.ts'
import type { ServiceSet, SupervisedService } from '../service-set/service-set.ts'
import type { Fault } from './chaos-plan.ts'

/** Lets one thing go wrong and mends it. Resolves when it is mended: the service lives again, the engine answers. Answers what was not as planned. */
export async function injectFault(fault: Fault, services: ServiceSet, engines: readonly Engine[]): Promise<string | undefined> {
  if (fault.kind === 'engine') {
    const engine = engines.find(({ name }) => name === fault.engine)
    if (engine === undefined) throw new Error(`there is no ${fault.engine}`)
    await breakEngine(engine, fault)
    return undefined
  }
  const replicas = services.services.filter(({ name }) => name === fault.service)
  const service = replicas[fault.turn % replicas.length]
  if (service === undefined) throw new Error(`there is no ${fault.service}`)
  switch (fault.kind) {
    case 'kill':
      await service.kill()
      await service.ready()
      return undefined
    case 'failpoint':
      return await endAtFailpoint(service, fault.failpoint)
    case 'freeze': {
      const { process } = service
      process?.kill('SIGSTOP')
      await sleep(fault.forMs)
      process?.kill('SIGCONT')
      return undefined
    }
  }
}

async function breakEngine(engine: Engine, { how, forMs }: Extract<Fault, { kind: 'engine' }>): Promise<void> {
  if (how === 'pause') {
    engine.pause()
    await sleep(forMs)
    engine.resume()
  } else {
    await (how === 'crash' ? engine.kill() : engine.stop())
    await sleep(forMs)
    await engine.start()
  }
  await engine.ready()
}

/** Starts it so that it ends there, waits for that, and for the life after it. */
async function endAtFailpoint(service: SupervisedService, failpoint: string): Promise<string | undefined> {
  await service.restartWithFailpoint(failpoint)
  const life = service.process
  const isReached = life === undefined || (await within(REACH_TIMEOUT_MS, life.ended))
  if (!isReached) await service.kill()
  while (service.process === undefined || service.process === life) await sleep(POLL_MS)
  await service.ready()
  return isReached ? undefined : `${service.name} did not reach ${failpoint}`
}

/** A seal comes after some 20 seconds under light load. */
const REACH_TIMEOUT_MS = 45_000
const POLL_MS = 50
