import type { Clock } from '@millrace/runtime/clock'
import type { Disk } from '@millrace/runtime/disk'
import type { Failpoints } from '@millrace/runtime/failpoints'
import type { Random } from '@millrace/runtime/random'
import type { Workers } from '@millrace/runtime/workers'
import type { Log } from '@millrace/telemetry/log'

/** The doors to the machine, or to a simulator. */
export interface Runtime {
  readonly disk: Disk
  readonly clock: Clock
  readonly random: Random
  readonly failpoints: Failpoints
  readonly workers: Workers
  readonly log: Log
}
