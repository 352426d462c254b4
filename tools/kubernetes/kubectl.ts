import type { ClusterLayout } from './cluster-layout.ts'
import { runProgram, tryProgram, type ProgramEnd, type RunOptions } from './run-program.ts'

/** Asks the cluster with its own kubectl, as administrator. @throws {KubernetesError} when it fails. */
export async function kubectl(layout: ClusterLayout, args: readonly string[], options: RunOptions = {}): Promise<string> {
  return await runProgram(layout.kubectl, args, withConfig(layout, options))
}

/** As {@link kubectl}, for questions whose failure is an answer. */
export async function tryKubectl(layout: ClusterLayout, args: readonly string[], options: RunOptions = {}): Promise<ProgramEnd> {
  return await tryProgram(layout.kubectl, args, withConfig(layout, options))
}

function withConfig({ kubeconfig }: ClusterLayout, options: RunOptions): RunOptions {
  return { ...options, env: { ...options.env, KUBECONFIG: kubeconfig } }
}
