import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ChartPod } from './chart-pods.ts'
import type { Manifest } from './render-chart.ts'

/**
 * Lays the files out that a pod would find, below a folder of this machine, and answers its environment with the paths changed to match. Secrets that the chart does
 * not make itself hold `<secret>-<entry>`.
 *
 * @throws when an object or an entry that the pod mounts is not there: Kubernetes would not start it.
 */
export async function mountPod({ spec }: ChartPod, manifests: readonly Manifest[], folder: string): Promise<Readonly<Record<string, string>>> {
  const [container] = spec.containers
  if (container === undefined) throw new Error('a pod without a container')
  const files = new Map<string, string>()
  for (const { name, mountPath, subPath } of container.volumeMounts) {
    const volume = spec.volumes.find((each) => each.name === name)
    if (volume === undefined) throw new Error(`there is no volume ${name}`)
    const { configMap, secret } = volume
    for (const { key, path } of (configMap ?? secret)?.items ?? []) {
      const content = configMap === undefined ? secretEntry(secret?.secretName ?? '', key, manifests) : entryOf('ConfigMap', configMap.name, key, manifests)
      if (content === undefined) throw new Error(`volume ${name}: there is no entry ${key}`)
      files.set(subPath === undefined ? join(mountPath, path) : mountPath, content)
    }
  }
  for (const [path, content] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), content)
  }
  return Object.fromEntries((container.env ?? []).map(({ name, value = '' }) => [name, files.has(value) ? join(folder, value) : value]))
}

function secretEntry(secret: string, key: string, manifests: readonly Manifest[]): string | undefined {
  if (!manifests.some(({ kind, metadata }) => kind === 'Secret' && metadata.name === secret)) return `${secret}-${key}`
  const encoded = entryOf('Secret', secret, key, manifests)
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString()
}

function entryOf(kind: string, name: string, key: string, manifests: readonly Manifest[]): string | undefined {
  return manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name)?.data?.[key]
}
