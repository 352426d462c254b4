import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { kubernetesHome } from './cluster-layout.ts'
import { KubernetesError } from './kubernetes-error.ts'

/** What `npm run kubernetes` was told. */
export type KubernetesCommand = { readonly home: string } & (
  | { readonly action: 'up'; readonly tier: Tier }
  | { readonly action: 'down' | 'status' }
  /** Names of images that the docker client knows, or tars of `docker save`. */
  | { readonly action: 'load'; readonly images: readonly string[] }
)

/** `lite`: the API server with its controllers, which accepts objects but runs no pod. `full`: with the node, its network and its DNS. */
export type Tier = 'full' | 'lite'

export const USAGE = `npm run kubernetes -- up|down|status|load [options]: a real Kubernetes of one node on this machine (Linux, as root)
  up [full|lite]   starts it and prints how to reach it; lite is the API server with its controllers, without pods (full)
  down             ends it and removes all of it but the programs
  status           shows its servers and pods; exits with 1 when something does not work
  load image...    takes images over from Docker, or from tars of docker save
  --home folder    for programs and state (KUBERNETES_HOME, or a folder of the user's cache)
MILLRACE_KUBERNETES_BIN names a folder with ready programs (kube-all and coredns, each also as .zst); without it Go builds them.`

/** @throws {KubernetesError} something is not understood; says what. */
export function readCommand(args: readonly string[]): KubernetesCommand {
  const { positionals, values } = parse(args)
  const [action = '', ...others] = positionals
  const home = values.home === undefined ? kubernetesHome() : resolve(values.home)
  if (action === 'load') {
    if (others.length === 0) throw new KubernetesError('load needs the name of an image or a tar of docker save')
    return { action, home, images: others }
  }
  const [tier = 'full', ...surplus] = others
  if (action === 'up' && surplus.length === 0) {
    if (tier !== 'full' && tier !== 'lite') throw new KubernetesError(`up knows full and lite, not "${tier}"`)
    return { action, home, tier }
  }
  if ((action === 'down' || action === 'status') && others.length === 0) return { action, home }
  throw new KubernetesError(`say one of up, down, status, load${positionals.length === 0 ? '' : `, not "${positionals.join(' ')}"`}`)
}

function parse(args: readonly string[]): { readonly positionals: readonly string[]; readonly values: { readonly home?: string | undefined } } {
  try {
    return parseArgs({ args: [...args], options: { home: { type: 'string' } }, allowPositionals: true })
  } catch (cause) {
    throw new KubernetesError(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}
