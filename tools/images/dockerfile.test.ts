import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const text = readFileSync(join(import.meta.dirname, '../../Dockerfile'), 'utf8')
const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
const final = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')))

describe('the Dockerfile', () => {
  it('needs nothing that the classic builder lacks', () => {
    expect(text).not.toMatch(/^#\s*syntax\s*=/m)
    expect(text).not.toMatch(/--(?:mount|link|chmod|parents|exclude|network|security)\b|<</)
  })

  it('takes its bases from arguments before the first stage', () => {
    expect(lines.slice(0, 3)).toEqual([expect.stringMatching(/^ARG BASE=\S+$/), expect.stringMatching(/^ARG RUNTIME=\S+$/), 'FROM ${BASE} AS source'])
    expect(lines.filter((line) => line.startsWith('FROM ')).every((line) => /^FROM (?:\$\{BASE\}|\$\{RUNTIME\}|source)(?: |$)/.test(line))).toBe(true)
  })

  it('runs nothing in the final stage, so that its base needs no shell, and copies from the build alone', () => {
    expect(final[0]).toBe('FROM ${RUNTIME}')
    expect(final.filter((line) => line.startsWith('RUN '))).toEqual([])
    expect(final.filter((line) => line.startsWith('COPY ')).every((line) => line.startsWith('COPY --from=build '))).toBe(true)
  })

  it('runs node itself, which gets the signals, as a user by number that may write nowhere but into its cache and data', () => {
    expect(final).toContain('ENTRYPOINT ["/usr/local/bin/node", "/app/main.ts"]')
    expect(final).toContain('USER 10001:10001')
    expect(final).toContain('WORKDIR /app')
    expect(final.filter((line) => line.includes('--chown'))).toEqual(['COPY --from=build --chown=10001:10001 /data /data', 'COPY --from=build --chown=10001:10001 /app/.compile-cache ./.compile-cache'])
    expect(final.findIndex((line) => line.startsWith('CMD'))).toBe(-1)
  })

  it('leaves the options of Node to whoever runs it: the chart sets its heap, which would take the place of any others', () => {
    expect(text).not.toContain('NODE_OPTIONS')
  })

  it('puts packages before sources, and what differs with each commit last', () => {
    const at = (part: string): number => final.findIndex((line) => line.includes(part))
    const order = ['/usr/local/bin/node', '/app/node_modules', '/app/libs', '/app/apps', 'ENTRYPOINT', 'ARG VERSION', 'LABEL'].map(at)
    expect(order).toEqual([...order].sort((a, b) => a - b))
    expect(order).not.toContain(-1)
  })

  it.each(['title', 'version', 'revision', 'source', 'licenses'])('tells the %s in a label', (name) => {
    expect(text).toContain(`org.opencontainers.image.${name}=`)
  })
})
