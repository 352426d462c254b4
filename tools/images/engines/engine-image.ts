import type { EngineName } from '@millrace/simulator/describe-on'
import type { JavaRange } from '../../engines/find-java.ts'

/**
 * How a stand-in for an engine's official image is made, for machines that reach no image registry: from the programs that `npm run engines` installs. It must
 * take the environment, arguments, folders and user of the official one as far as the chart uses them.
 */
export interface EngineImage {
  readonly name: EngineName
  /** Of the official image, by number. */
  readonly user: EngineUser
  /** That it runs on, at {@link JAVA_HOME}. */
  readonly java?: JavaRange
  /** Folders that belong to the user, since the engine writes there. */
  readonly ownFolders: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly workFolder: string
  readonly entrypoint: readonly string[]
  readonly command: readonly string[]
  /** Lays the engine's files out below `root` as they shall lie in the image. Returns what they are, for the label. */
  layOut(root: string, programs: string): Promise<string>
}

export interface EngineUser {
  readonly name: string
  readonly id: number
  readonly groupId: number
}

/** Where Java lies in each image. */
export const JAVA_HOME = '/opt/java/openjdk'

/** The shell scripts of the images lie beside this file. */
export const SCRIPTS = import.meta.dirname
