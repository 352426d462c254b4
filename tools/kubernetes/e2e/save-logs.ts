import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClusterLayout } from '../cluster-layout.ts'
import { tryKubectl } from '../kubectl.ts'

/** Saves what the pods and the cluster's servers have said, and the state of everything, into the folder. */
export async function saveLogs(layout: ClusterLayout, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await cp(layout.logs, join(folder, 'logs'), { recursive: true, force: true, dereference: false }).catch(() => undefined) // a log may be rotated meanwhile
  for (const [name, args] of Object.entries(QUESTIONS)) await writeFile(join(folder, `${name}.txt`), (await tryKubectl(layout, args)).stdout)
}

const QUESTIONS: Readonly<Record<string, readonly string[]>> = {
  objects: ['get', 'all,configmaps,persistentvolumeclaims', '--all-namespaces', '-o', 'wide'],
  pods: ['describe', 'pods', '--all-namespaces'],
  events: ['get', 'events', '--all-namespaces', '--sort-by=.lastTimestamp'],
}
