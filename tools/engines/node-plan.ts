import type { EngineName } from '@millrace/simulator/describe-on'
import type { EngineSettings } from './engine-settings.ts'

/** How one kind of engine is run natively. Holds no state: the process itself is `native-engine.ts`. */
export interface NodePlan {
  readonly name: EngineName
  /** Every file of the node: configuration, data, log. */
  readonly folder: string
  readonly settings: EngineSettings
  /** Installs the program where it is missing and writes the configuration; before the first start also formats the data folder. Safe to repeat. */
  prepare(): Promise<NodeCommand>
  /** Written by engines whose server is a child of the process that was started. */
  readonly serverPidFile?: string
}

export interface NodeCommand {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** User and group to run as, where they are not this process's. */
  readonly user?: number
}

/** What a plan is made from. */
export interface NodeOptions {
  readonly folder: string
  /** Holds the installed programs, which several sets may share. */
  readonly programs: string
  readonly settings: EngineSettings
}
