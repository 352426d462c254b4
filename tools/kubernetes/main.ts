/** A real Kubernetes of one node on this machine, where images of nodes cannot be pulled: starts it, ends it, shows it, gives it images. */
import { existsSync } from 'node:fs'
import { dirname, isAbsolute } from 'node:path'
import { DockerError } from '../images/open-docker.ts'
import { readUsage } from '../process/process-usage.ts'
import { bringUp, runningServers } from './cluster.ts'
import { ensureHelm } from './ensure-helm.ts'
import { layoutOf, type ClusterLayout } from './cluster-layout.ts'
import { tryKubectl } from './kubectl.ts'
import { KubernetesError } from './kubernetes-error.ts'
import { findLeftovers } from './leftovers.ts'
import { loadImages } from './load-images.ts'
import { readCommand, USAGE, type KubernetesCommand } from './read-command.ts'
import { tearDown } from './tear-down.ts'

const args = process.argv.slice(2)
if (args.includes('--help')) console.log(USAGE)
else {
  try {
    process.exitCode = (await run(readCommand(args))) ? 0 : 1
  } catch (error) {
    if (!(error instanceof KubernetesError || error instanceof DockerError)) throw error
    console.error(error.message)
    process.exitCode = 2
  }
}

async function run(command: KubernetesCommand): Promise<boolean> {
  const layout = layoutOf(command.home)
  if (command.action === 'up') {
    await bringUp(layout, { tier: command.tier, ready: process.env['MILLRACE_KUBERNETES_BIN'], say: (line) => { console.log(line) } })
    console.log(environmentOf(layout, await ensureHelm()))
    return true
  }
  if (command.action === 'load') {
    await loadImages(layout, command.images)
    return true
  }
  if (command.action === 'status') return await showStatus(layout)
  if (!existsSync(layout.run)) {
    console.log(`down; ${layout.home} had no cluster`)
    return true
  }
  await tearDown(layout)
  const leftovers = await findLeftovers(layout)
  console.log(leftovers.length === 0 ? 'down; nothing is left but the programs' : `left:\n${leftovers.join('\n')}`)
  return leftovers.length === 0
}

/** The user's own kubectl and helm go first, if there are such. */
function environmentOf({ kubeconfig, kubectl }: ClusterLayout, helm: string): string {
  const folders = [kubectl, helm].filter(isAbsolute).map((program) => dirname(program))
  return `export KUBECONFIG=${kubeconfig} PATH="$PATH:${folders.join(':')}"`
}

async function showStatus(layout: ClusterLayout): Promise<boolean> {
  const servers = [...runningServers(layout)]
  if (servers.length === 0) {
    console.log('down')
    return false
  }
  for (const [name, pid] of servers) console.log(`${name.padEnd(24)} ${pid === undefined ? 'has ended' : `process ${pid}, ${Math.round(readUsage(pid).rssBytes / 2 ** 20)} MiB`}`)
  const { status, stdout, stderr } = await tryKubectl(layout, ['get', 'nodes,pods', '--all-namespaces', '-o', 'wide'])
  console.log((status === 0 ? stdout : stderr).trim())
  console.log(environmentOf(layout, await ensureHelm()))
  return status === 0 && servers.every(([, pid]) => pid !== undefined)
}
