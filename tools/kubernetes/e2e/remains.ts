import type { ClusterApi } from './cluster-api.ts'

/** What is in the namespace that the release brought, as `kind/name`: everything but what Kubernetes itself puts into each one, and what it notes of the past. */
export async function findRemains(api: ClusterApi, namespace: string): Promise<readonly string[]> {
  const remains: string[] = []
  for (const { path, kind, namespaced } of await listedKinds(api)) {
    const list = (await api.get(namespaced ? `${path.base}/namespaces/${namespace}/${path.name}` : `${path.base}/${path.name}`)) as ObjectList
    remains.push(...list.items.filter(({ metadata }) => isRemain(kind, metadata, namespaced)).map(({ metadata }) => `${kind}/${metadata.name}`))
  }
  return remains.toSorted()
}

export interface ObjectMetadata {
  readonly name: string
  readonly labels?: Readonly<Record<string, string>>
}

/** Of objects outside of namespaces only Helm's are the release's. */
export function isRemain(kind: string, { name, labels = {} }: ObjectMetadata, isNamespaced: boolean): boolean {
  if (!isNamespaced) return labels['app.kubernetes.io/managed-by'] === 'Helm'
  return kind !== 'Event' && !OWN_OBJECTS.includes(`${kind}/${name}`)
}

/** In each namespace from its beginning. */
const OWN_OBJECTS = ['ServiceAccount/default', 'ConfigMap/kube-root-ca.crt']

interface ListedKind {
  readonly path: { readonly base: string; readonly name: string }
  readonly kind: string
  readonly namespaced: boolean
}

/** Every kind that can be listed, whatever the cluster offers. */
async function listedKinds(api: ClusterApi): Promise<readonly ListedKind[]> {
  const groups = (await api.get('/apis')) as { readonly groups: readonly { readonly preferredVersion: { readonly groupVersion: string } }[] }
  const bases = ['/api/v1', ...groups.groups.map(({ preferredVersion }) => `/apis/${preferredVersion.groupVersion}`)]
  const kinds: ListedKind[] = []
  for (const base of bases) {
    const { resources } = (await api.get(base)) as { readonly resources: readonly { readonly name: string; readonly kind: string; readonly namespaced: boolean; readonly verbs: readonly string[] }[] }
    for (const { name, kind, namespaced, verbs } of resources) if (verbs.includes('list') && !name.includes('/')) kinds.push({ path: { base, name }, kind, namespaced })
  }
  return kinds
}

interface ObjectList {
  readonly items: readonly { readonly metadata: ObjectMetadata }[]
}
