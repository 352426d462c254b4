import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemRandom } from '@millrace/runtime/system-random'
import { COMMANDS } from './commands.ts'
import type { ExitCode } from './exit-code.ts'
import { EXIT_CODES } from './exit-code.ts'
import { parseCommandLine } from './parse-command-line.ts'
import { runCli } from './run-cli.ts'

const DOCS = join(import.meta.dirname, '../../../docs')

async function run(words: readonly string[]): Promise<{ readonly code: ExitCode; readonly out: readonly string[]; readonly about: readonly string[] }> {
  const out: string[] = []
  const about: string[] = []
  const code = await runCli(words, { environment: {}, clock: systemClock, random: systemRandom, signal: new AbortController().signal, print: (text) => out.push(text), remark: (text) => about.push(text) })
  return { code, out, about }
}

describe('the help', () => {
  it('is docs/cli.md, command by command', async () => {
    const page = await readFile(join(DOCS, 'cli.md'), 'utf8')
    const [, commands] = /<!-- commands -->\n(.*?)<!-- end -->/s.exec(page) ?? []
    expect(commands).toBe(`${(await run(['help', '--markdown'])).out.join('\n')}\n`)
    for (const code of Object.values(EXIT_CODES)) expect(page).toContain(`\n| ${code} | `)
  })

  it('tells of each command what it does, all of its options, and examples that it takes', async () => {
    for (const command of COMMANDS) {
      const { code, out } = await run([...command.name.split(' '), '--help'])
      const text = out.join('\n')
      expect([command.name, code, Object.keys(command.options).filter((option) => !text.includes(`--${option}`))]).toEqual([command.name, 'ok', []])
      expect([command.name, command.examples.length > 0, command.about.endsWith('.')]).toEqual([command.name, true, true])
      for (const example of command.examples) {
        const words = [...example.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, single, double, bare]) => single ?? double ?? bare ?? '')
        const line = parseCommandLine(words.slice(words.indexOf('millrace') + 1), COMMANDS)
        expect([example, 'command' in line && line.command.name]).toEqual([example, command.name])
      }
    }
  })

  it('names a command for every word group, and no command hides another', () => {
    const names = COMMANDS.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    for (const name of names) expect(names.filter((other) => other !== name && other.startsWith(`${name} `))).toEqual([])
  })

  it('is short for all commands together, and tells the version', async () => {
    const { out } = await run(['--help'])
    expect(out.filter((line) => line.length > 180)).toEqual([])
    for (const { name } of COMMANDS) expect(out.some((line) => line.startsWith(`  ${name} `))).toBe(true)
    expect((await run(['--version'])).out).toEqual([expect.stringMatching(/^(\d+\.\d+\.\d+|unknown)$/)])
  })

  it('stands beside every option that is not known', async () => {
    for (const { name } of COMMANDS.filter(({ options }) => Object.keys(options).length > 0)) {
      const { code, about } = await run([...name.split(' '), '--jsn'])
      expect([name, code, about[0]]).toEqual([name, 'usage', expect.stringMatching(/has no option --jsn; did you mean --\w+/)])
    }
  })
})
