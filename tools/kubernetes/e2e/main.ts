/** The chart on a real Kubernetes under load, through everything that a release meets in its life. The last line is the verdict. */
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { readOptions } from '../../command-line/read-options.ts'
import { MAX_IMAGE_BYTES } from '../../images/goals.ts'
import { bringUp, prepareMachine, runningServers } from '../cluster.ts'
import { kubernetesHome, layoutOf } from '../cluster-layout.ts'
import { importImages } from '../container-runtime.ts'
import { ensureHelm } from '../ensure-helm.ts'
import { KubernetesError } from '../kubernetes-error.ts'
import { findLeftovers } from '../leftovers.ts'
import { tearDown } from '../tear-down.ts'
import { makeImages } from './make-images.ts'
import { createRelease } from './release.ts'
import { loadLines, measureLines } from './report-text.ts'
import { runE2e, type E2eReport } from './run-e2e.ts'
import { saveLogs } from './save-logs.ts'
import { createSteps } from './steps.ts'

const options = readOptions('npm run e2e:kubernetes -- [options]: images, a Kubernetes, the chart; upgrade, scale, kill and roll back under load; uninstall', {
  rate: { default: 300, about: 'events per second' },
  batch: { default: 20, about: 'events per request' },
  tenants: { default: 3, about: 'tenants' },
  queries: { default: 3, about: 'questions per second' },
  seed: { default: 1, about: 'equal seeds send equal events and ask equal questions' },
  report: { default: 'dist/kubernetes-report.json', about: 'file for the report' },
  logs: { default: 'dist/kubernetes-logs', about: 'folder for the logs of all pods when the verdict is RED' },
  images: { default: '', about: 'folder with tars of docker save that hold all images, used instead of building them' },
  keep: { default: false, about: 'leave the cluster up' },
})

const say = (line: string): void => { console.log(line) }
const NAMESPACE = 'millrace-e2e'
const RELEASE = 'millrace'
const root = join(import.meta.dirname, '../../..')
const layout = layoutOf(kubernetesHome())
if (runningServers(layout).size > 0) {
  console.error('a cluster runs already: end it with npm run kubernetes -- down')
  process.exit(2)
}
// What keeps a cluster from starting is told before images are built for minutes.
try {
  await prepareMachine(layout, say)
} catch (error) {
  if (!(error instanceof KubernetesError)) throw error
  console.error(error.message)
  process.exit(2)
}
const folder = await mkdtemp(join(tmpdir(), 'millrace-kubernetes-'))
const steps = createSteps(say)
const problems: string[] = []
const missed: string[] = []
let report: E2eReport | undefined
/** A start that is refused or fails removes what it made, and what else is there is not ours. */
let broughtUp = false
let imageBytes: ReadonlyMap<string, number> = new Map()
try {
  const images = await steps.step('images', () => makeImages({ folder, ready: options.images, say }))
  imageBytes = images.bytes
  for (const [image, bytes] of imageBytes) if (bytes >= MAX_IMAGE_BYTES) missed.push(`${image} has ${Math.round(bytes / 1e6)} MB`)
  await steps.step('cluster', () => bringUp(layout, { tier: 'full', ready: process.env['MILLRACE_KUBERNETES_BIN'], say: () => undefined }))
  broughtUp = true
  await steps.step('images into the cluster', async () => {
    for (const tar of images.tars) {
      await importImages(layout, tar)
      if (options.images === '') await rm(tar) // gigabytes
    }
  })
  const release = createRelease({
    helm: await ensureHelm(), kubeconfig: layout.kubeconfig, chart: join(root, 'charts/millrace'), values: join(import.meta.dirname, 'values.yaml'), name: RELEASE, namespace: NAMESPACE,
  })
  report = await runE2e({ ...options, layout, release, namespace: NAMESPACE, fullname: RELEASE, url: 'http://127.0.0.1:30080', tag: images.tag, nextTag: images.nextTag, folder, steps })
  problems.push(...report.problems)
  missed.push(...report.missed)
} catch (error) {
  problems.push(`the run broke off in "${steps.current()}": ${reasonOf(error)}`)
}
if (broughtUp) await leaveCluster()
await orFinding('the report cannot be written', writeReport)
if (problems.length === 0) await orFinding(`${folder} cannot be removed`, () => rm(folder, { recursive: true }))
for (const line of [...(report === undefined ? [] : [...measureLines(report.apps, imageBytes), ...loadLines(report.loaded)]), ...missed.map((goal) => `goal missed: ${goal}`), ...problems]) say(line)
if (existsSync(folder)) say(`kept ${folder}`)
say(`kubernetes: ${problems.length === 0 ? `GREEN${missed.length === 0 ? '' : `, ${missed.length} goals missed`}` : `RED: ${problems.length} findings`}; ledger ${report?.loaded.verdict.text ?? 'not reached'}`)
process.exitCode = problems.length === 0 ? 0 : 1

/** Saves what explains a failure, then ends the cluster and looks for what is left of it. */
async function leaveCluster(): Promise<void> {
  if (problems.length > 0) {
    await orFinding('the logs of the pods cannot be saved', () => saveLogs(layout, options.logs))
    say(`logs of all pods: ${options.logs}`)
  }
  if (options.keep) {
    say(`kept the cluster: export KUBECONFIG=${layout.kubeconfig} PATH="$PATH:${dirname(layout.kubectl)}"`)
    return
  }
  await orFinding('the cluster cannot be taken down', () => steps.step('cluster down', () => tearDown(layout)))
  await orFinding('what is left on this machine cannot be told', async () => {
    problems.push(...(await findLeftovers(layout)).map((what) => `left on this machine: ${what}`))
  })
}

async function writeReport(): Promise<void> {
  const loaded = report?.loaded
  const content = {
    options, steps: Object.fromEntries(steps.tookMs), images: Object.fromEntries(imageBytes), apps: report?.apps, attempts: [...(loaded?.attempts.phases ?? [])],
    longestRequestMs: loaded?.attempts.longestMs, ledger: loaded?.verdict, problems,
  }
  await mkdir(dirname(options.report), { recursive: true })
  await writeFile(options.report, JSON.stringify(content, undefined, 2))
}

/** Whatever fails at the end of a run is one finding more: the verdict is printed all the same. */
async function orFinding(what: string, run: () => Promise<void>): Promise<void> {
  try {
    await run()
  } catch (error) {
    problems.push(`${what}: ${reasonOf(error)}`)
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
