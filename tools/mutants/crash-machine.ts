import { Agent } from 'node:http'
import type { Clock } from '@millrace/runtime/clock'
import type { FailpointName } from '@millrace/runtime/failpoints'
import { openInlineWorkers } from '@millrace/runtime/inline-workers'
import { systemRandom } from '@millrace/runtime/system-random'
import { CrashDisk } from '@millrace/simulator/crash-disk'
import { createSeededRandom } from '@millrace/simulator/seeded-random'
import { openStandalone } from '@millrace/standalone/open-standalone'
import { createLog } from '@millrace/telemetry/log'
import { within } from '../process/within.ts'

/** A machine whose power fails: one disk, one folder for the catalog, one life of the program after the other. */
export interface CrashMachine {
  readonly url: string
  /** Undefined while the power is off. */
  readonly current: Life | undefined
  /** Starts the program on what the disk kept. @throws when it does not start. */
  start(): Promise<Life>
}

export interface Life {
  /** Connections to it; they end with its power. */
  readonly agent: Agent
  readonly isCrashed: boolean
  /** Resolves when the power fails. */
  readonly crashed: Promise<void>
  /** Lets the power fail at the nth hit of a failpoint from now on. */
  crashAt(name: FailpointName, hit: number): void
  /** Lets the power fail now unless it did, and clears the remains away; answers what went wrong before. */
  crash(): Promise<readonly string[]>
}

export interface CrashMachineOptions {
  readonly folder: string
  readonly seed: number
  readonly port: number
  readonly clock: Clock
}

export const ADMIN_KEY = 'crash-admin-key-0123456789abcdefghij'
/** Two, so that seals come soon. */
const PARTITIONS = 2
const MAX_SOCKETS = 32
/** Remains that do not end by themselves are left behind: their disk is dead, and what goes wrong on it says nothing. */
const CLEAR_TIMEOUT_MS = 3000

class PowerFailure extends Error {
  override readonly name = 'PowerFailure'
}

export function openCrashMachine({ folder, seed, port, clock }: CrashMachineOptions): CrashMachine {
  let disk = new CrashDisk({ random: createSeededRandom(seed) })
  let current: Life | undefined
  return {
    url: `http://127.0.0.1:${port}`,
    get current() {
      return current
    },
    async start() {
      let isCrashed = false
      const agent = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS })
      let announce: () => void = () => undefined
      const crashed = new Promise<void>((resolve) => (announce = resolve))
      let armed: { readonly name: FailpointName; left: number } | undefined
      const failPower = (): void => {
        if (isCrashed) return
        isCrashed = true
        current = undefined
        disk = disk.crash()
        agent.destroy()
        announce()
      }
      const failpoints = {
        hit(name: FailpointName): void {
          if (!isCrashed && armed?.name === name && --armed.left === 0) failPower()
          if (isCrashed) throw new PowerFailure(`at ${name}`)
        },
      }
      const standalone = await openStandalone({
        dataFolder: folder, disk, clock, random: systemRandom, failpoints, workers: openInlineWorkers(), log: createLog('silent'),
        httpPort: port, partitions: PARTITIONS, bootstrapApiKey: 'crash-api-key-0123456789abcdefghijkl', bootstrapAdminKey: ADMIN_KEY,
      })
      const problems: string[] = []
      standalone.failed.catch((error: unknown) => {
        if (!isCrashed) problems.push(`a part ended by itself: ${String(error)}`)
      })
      current = {
        agent,
        get isCrashed() {
          return isCrashed
        },
        crashed,
        crashAt(name, hit) {
          armed = { name, left: hit }
        },
        async crash() {
          failPower()
          await within(CLEAR_TIMEOUT_MS, standalone[Symbol.asyncDispose]())
          return problems
        },
      }
      return current
    },
  }
}
