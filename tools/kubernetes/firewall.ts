import { POD_NETWORK, POD_RANGE } from './cluster-network.ts'
import { findHostProgram } from './host-programs.ts'
import { runProgram } from './run-program.ts'

/** The rules for IPv6 and IPv4; Kubernetes makes chains in both. Those that {@link openFirewall} made, by which a cluster is known as ours, go last. */
const FAMILIES = ['ip6tables', 'iptables'] as const
const COMMENT = 'millrace-kubernetes'
/** As `iptables-save` prints it. */
const MARK = `--comment ${COMMENT} `

/** Lets packets of the pods through where the default is to drop what is forwarded, as it is beside Docker. */
export async function openFirewall(): Promise<void> {
  for (const direction of ['-s', '-d']) await runProgram(findHostProgram('iptables'), ['-w', '-I', 'FORWARD', direction, POD_RANGE, '-m', 'comment', '--comment', COMMENT, '-j', 'ACCEPT'])
}

/**
 * Removes all rules and chains of Kubernetes and of the pods' network, in one step for each family, and touches no others. Does nothing where no rule of {@link openFirewall} is: the chains are
 * another Kubernetes' then.
 */
export async function closeFirewall(): Promise<void> {
  if (!isOpenedBy(await savedRules('iptables'))) return
  for (const family of FAMILIES) {
    const script = removalOf(await savedRules(family))
    if (script !== '') await runProgram(findHostProgram(`${family}-restore`), ['-w', '--noflush'], { input: script })
  }
}

/** The rules and chains that {@link closeFirewall} would remove, one a line. */
export async function clusterRules(): Promise<readonly string[]> {
  const scripts = await Promise.all(FAMILIES.map(async (family) => removalOf(await savedRules(family))))
  return scripts.flatMap((script) => script.split('\n').filter((line) => /^-[DX] /.test(line)))
}

async function savedRules(family: (typeof FAMILIES)[number]): Promise<string> {
  return await runProgram(findHostProgram(`${family}-save`), [])
}

/** Whether rules as `iptables-save` prints them hold those of {@link openFirewall}. */
export function isOpenedBy(saved: string): boolean {
  return saved.includes(MARK)
}

/** What takes the cluster's part out of rules as `iptables-save` prints them, as a script for `iptables-restore --noflush`; empty when there is nothing. */
export function removalOf(saved: string): string {
  return saved.split(/^(?=\*)/m).map(tableRemovalOf).join('')
}

function tableRemovalOf(table: string): string {
  const lines = table.split('\n')
  const chains = new Set(lines.flatMap((line) => /^:(KUBE-\S+)/.exec(line)?.[1] ?? []))
  // The bridge plugin makes a chain for each pod; the rule that leads there names the network.
  for (const line of lines) if (line.includes(`name: \\"${POD_NETWORK}\\"`)) for (const [, chain = ''] of line.matchAll(/-j (CNI-\S+)/g)) chains.add(chain)
  const isOurs = (rule: string): boolean => rule.includes(MARK) || chains.has(/ -[jg] (\S+)/.exec(rule)?.[1] ?? '')
  const rules = lines.filter((line) => line.startsWith('-A ') && !chains.has(line.split(' ')[1] ?? '') && isOurs(line))
  if (rules.length + chains.size === 0) return ''
  // A chain can go once nothing leads there, so all are emptied before the first is removed.
  const steps = [...rules.map((rule) => rule.replace(/^-A /, '-D ')), ...[...chains].map((chain) => `-F ${chain}`), ...[...chains].map((chain) => `-X ${chain}`)]
  return [lines[0], ...steps, 'COMMIT', ''].join('\n')
}
