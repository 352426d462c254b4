import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The root of each cgroup hierarchy: one with cgroup v2; with v1 one for each controller, and v2's own without controllers beside them.
 * A cgroup of the cluster exists in all of them.
 */
export function cgroupHierarchies(root = CGROUP_ROOT): readonly string[] {
  if (existsSync(join(root, 'cgroup.controllers'))) return [root]
  return readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory() && existsSync(join(root, entry.name, 'cgroup.procs'))).map(({ name }) => join(root, name))
}

const CGROUP_ROOT = '/sys/fs/cgroup'

/** Makes the cgroup (`a/b`, all its parents too) in every hierarchy, ready to take members. */
export function makeCgroup(path: string): void {
  for (const hierarchy of cgroupHierarchies()) {
    let folder = hierarchy
    for (const name of path.split('/')) {
      passControllersOn(folder)
      const child = join(folder, name)
      mkdirSync(child, { recursive: true })
      // A cpuset of v1 begins empty, and then no process can join it.
      for (const file of ['cpuset.cpus', 'cpuset.mems']) if (existsSync(join(child, file)) && existsSync(join(folder, 'cgroup.clone_children'))) writeFileSync(join(child, file), readFileSync(join(folder, file)))
      folder = child
    }
  }
}

/** With v2 a cgroup's children have the controllers that it names. */
function passControllersOn(folder: string): void {
  const list = join(folder, 'cgroup.controllers')
  if (!existsSync(list)) return
  for (const controller of readFileSync(list, 'utf8').trim().split(' ').filter((name) => name !== '')) writeFileSync(join(folder, 'cgroup.subtree_control'), `+${controller}`)
}

/** Moves a process into the cgroup; what it starts from then on is there too. */
export function joinCgroup(path: string, pid: number): void {
  for (const hierarchy of cgroupHierarchies()) writeFileSync(join(hierarchy, path, 'cgroup.procs'), String(pid))
}

/** The processes in the cgroup and below it, in any hierarchy. */
export function cgroupProcesses(path: string): readonly number[] {
  const pids = cgroupFolders(path).flatMap((folder) => readLines(join(folder, 'cgroup.procs')))
  return [...new Set(pids.map(Number))]
}

/** Removes the cgroup and those below it; all must be empty. */
export function removeCgroup(path: string): void {
  for (const folder of cgroupFolders(path)) {
    try {
      rmdirSync(folder)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error // the container runtime removes those of its pods too
    }
  }
}

/** The folders of the cgroup, deepest first. */
export function cgroupFolders(path: string): readonly string[] {
  return cgroupHierarchies().flatMap((hierarchy) => foldersBelow(join(hierarchy, path)))
}

function foldersBelow(folder: string): readonly string[] {
  if (!existsSync(folder)) return []
  const children = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return [...children.flatMap(({ name }) => foldersBelow(join(folder, name))), folder]
}

function readLines(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter((line) => line !== '')
  } catch {
    return [] // removed meanwhile
  }
}
