import { join } from 'node:path'
import type { ClusterLayout } from './cluster-layout.ts'
import { kubectl } from './kubectl.ts'

/** Brings up what a pod expects of every cluster: a DNS. */
export async function startAddOns(layout: ClusterLayout): Promise<void> {
  await kubectl(layout, ['apply', '-f', join(import.meta.dirname, 'manifests', 'dns.yaml')])
  await kubectl(layout, ['-n', 'kube-system', 'rollout', 'status', 'deployment/coredns', `--timeout=${DNS_TIMEOUT_S}s`])
}

/** Three seconds on two idle cores. */
const DNS_TIMEOUT_S = 90
