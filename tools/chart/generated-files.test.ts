import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { serviceSchema } from '@millrace/service/settings'
import { standaloneSchema } from '@millrace/standalone/config'
import { parse } from 'yaml'
import { chartFolder, generatedFiles } from './generated-files.ts'
import { secretSettings } from './secret-settings.ts'

describe('npm run chart', () => {
  it('has been run since its sources changed', async () => {
    for (const { path, content } of await generatedFiles()) expect([path, await readFile(path, 'utf8') === content]).toEqual([path, true])
  })
})

describe('the chart', () => {
  it('knows every setting that is a secret, in its templates as in its schema', async () => {
    const settings = [...Object.keys(serviceSchema.shape), ...Object.keys(standaloneSchema.shape)]
    expect(new Set(settings.filter((name) => /(?:Password|Key|Secret|Token)$/.test(name)))).toEqual(new Set(Object.keys(secretSettings)))
    const templates = await readFile(join(chartFolder, 'templates/_settings.tpl'), 'utf8')
    const [, inTemplates = ''] = /define "millrace.secretSettings" -}}\n([^]*?)\n{{- end }}/.exec(templates) ?? []
    expect(parse(inTemplates)).toEqual(secretSettings)
  })

  it('has the version of the project', async () => {
    const chart = parse(await readFile(join(chartFolder, 'Chart.yaml'), 'utf8')) as { version: string; appVersion: string }
    const { version } = JSON.parse(await readFile(join(chartFolder, '../../package.json'), 'utf8')) as { version: string }
    expect([chart.version, chart.appVersion]).toEqual([version, version])
  })
})
