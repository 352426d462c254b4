import { NODE_ADDRESS, NODE_BRIDGE, POD_BRIDGE } from './cluster-network.ts'
import { findHostProgram } from './host-programs.ts'
import { runProgram, tryProgram } from './run-program.ts'

/** Gives the machine the node's address, on a bridge without members. */
export async function addNodeLink(): Promise<void> {
  await ip(['link', 'add', NODE_BRIDGE, 'type', 'bridge'])
  await ip(['addr', 'add', `${NODE_ADDRESS}/32`, 'dev', NODE_BRIDGE])
  await ip(['link', 'set', NODE_BRIDGE, 'up'])
}

/** The cluster's network links: its bridges, and the pods' ends on them first. */
export async function clusterLinks(): Promise<readonly string[]> {
  return linksOf(JSON.parse(await ip(['-json', 'link', 'show'])) as readonly Link[]) // as ip(8) prints it
}

/** Removes a link. One that has gone with its pod meanwhile is no error. */
export async function removeLink(name: string): Promise<void> {
  await tryProgram(findHostProgram('ip'), ['link', 'delete', name])
}

/** A part of what `ip -json link show` tells of each. */
export interface Link {
  readonly ifname: string
  /** The bridge that it is a member of. */
  readonly master?: string
}

export function linksOf(links: readonly Link[]): readonly string[] {
  const members = links.filter(({ master }) => master === POD_BRIDGE)
  return [...members, ...links.filter(({ ifname }) => ifname === POD_BRIDGE || ifname === NODE_BRIDGE)].map(({ ifname }) => ifname)
}

async function ip(args: readonly string[]): Promise<string> {
  return await runProgram(findHostProgram('ip'), args)
}
