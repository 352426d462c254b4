import { KubernetesError } from '../kubernetes-error.ts'
import { runProgram, tryProgram } from '../run-program.ts'

/** One Helm release in a namespace of its own, which is there. */
export interface Release {
  /** @param settings as Helm's `--set`, added to those of the release so far. */
  install(settings: readonly string[]): Promise<void>
  upgrade(settings: readonly string[]): Promise<void>
  /** Runs the chart's own tests. */
  test(): Promise<void>
  /** To the revision before this one. */
  rollBack(): Promise<void>
  uninstall(): Promise<void>
}

export interface ReleaseOptions {
  readonly helm: string
  readonly kubeconfig: string
  readonly chart: string
  readonly values: string
  readonly name: string
  readonly namespace: string
}

export function createRelease({ helm, kubeconfig, chart, values, name, namespace }: ReleaseOptions): Release {
  const run = async (args: readonly string[]): Promise<string> => await runProgram(helm, [...args, '--namespace', namespace], { env: { KUBECONFIG: kubeconfig }, timeoutMs: HELM_TIMEOUT_MS })
  const wait = ['--wait', '--timeout', `${WAIT_TIMEOUT_S}s`]
  const flags = (settings: readonly string[]): readonly string[] => settings.flatMap((setting) => ['--set', setting])
  return {
    install: async (settings) => { await run(['install', name, chart, '--values', values, ...flags(settings), ...wait]) },
    upgrade: async (settings) => { await run(['upgrade', name, chart, '--values', values, ...flags(settings), ...wait]) },
    async test() {
      const { status, stdout, stderr } = await tryProgram(helm, ['test', name, '--timeout', `${TEST_TIMEOUT_S}s`, '--namespace', namespace], { env: { KUBECONFIG: kubeconfig }, timeoutMs: HELM_TIMEOUT_MS })
      if (status !== 0) throw new KubernetesError(`helm test failed:\n${stdout}${stderr}`)
    },
    rollBack: async () => { await run(['rollback', name, ...wait]) },
    uninstall: async () => { await run(['uninstall', name, ...wait]) },
  }
}

/** Cassandra and Elasticsearch need a minute or two on two busy cores, and the apps wait for them. */
const WAIT_TIMEOUT_S = 480
/** A test sends an event and waits until it is found. */
const TEST_TIMEOUT_S = 180
const HELM_TIMEOUT_MS = 600_000
