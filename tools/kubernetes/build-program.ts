import { cp, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { goModuleOf } from './go-module.ts'
import type { ProgramName } from './programs.ts'
import { runProgram, tryProgram } from './run-program.ts'
import { KubernetesError } from './kubernetes-error.ts'
import { COREDNS_VERSION, KUBERNETES_VERSION } from './versions.ts'

/** The module that each program is made of. */
const MODULES: Readonly<Record<ProgramName, { readonly path: string; readonly version: string }>> = {
  'kube-all': { path: 'k8s.io/kubernetes', version: KUBERNETES_VERSION },
  coredns: { path: 'github.com/coredns/coredns', version: COREDNS_VERSION },
}

/** Builds the program in `sources` from the source beside this file and the modules that it names, which Go fetches and checks against its sum database. */
export async function buildProgram(name: ProgramName, { target, sources }: { readonly target: string; readonly sources: string }): Promise<void> {
  if ((await tryProgram('go', ['version'])).status !== 0) {
    throw new KubernetesError(`${name} has to be built and there is no Go: install Go 1.25 or later, or name a folder with ready programs by MILLRACE_KUBERNETES_BIN`)
  }
  const folder = join(sources, name)
  const module = MODULES[name]
  await mkdir(folder, { recursive: true })
  await cp(join(import.meta.dirname, 'go', name, 'main.go'), join(folder, 'main.go'))
  const downloaded = JSON.parse(await runProgram('go', ['mod', 'download', '-json', `${module.path}@${module.version}`], { cwd: sources, timeoutMs: BUILD_TIMEOUT_MS })) as { readonly Dir: string }
  await writeFile(join(folder, 'go.mod'), goModuleOf(await readFile(join(downloaded.Dir, 'go.mod'), 'utf8'), { name, ...module }))
  await writeFile(join(folder, 'go.sum'), await readFile(join(downloaded.Dir, 'go.sum')))
  const partial = `${target}.partial`
  const env = { CGO_ENABLED: '0', GOFLAGS: '-mod=mod -buildvcs=false' }
  await runProgram('nice', ['-n', '19', 'go', 'build', '-trimpath', '-ldflags', linkerFlags(), '-o', partial, '.'], { cwd: folder, env, timeoutMs: BUILD_TIMEOUT_MS })
  await rename(partial, target)
}

/** A quarter of an hour of CPU on an ordinary machine, which may have a single core. */
const BUILD_TIMEOUT_MS = 3_600_000

/** Without symbols, and with the version that Kubernetes' own build writes in: its clients compare it. */
function linkerFlags(): string {
  const [major = '', minor = ''] = KUBERNETES_VERSION.slice(1).split('.')
  const values = { gitVersion: KUBERNETES_VERSION, gitMajor: major, gitMinor: minor, gitTreeState: 'clean' }
  return ['-s', '-w', ...Object.entries(values).map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`)].join(' ')
}
