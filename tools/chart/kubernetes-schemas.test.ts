import { openKubernetesSchemas } from './kubernetes-schemas.ts'

const good = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'gateway' }, spec: { ports: [{ port: 80, targetPort: 'http' }] } }

describe("Kubernetes' schemas", () => {
  it('take a good object', async () => {
    expect((await openKubernetesSchemas())(good)).toEqual([])
  }, 120_000)

  it.each([
    ['a field that is written wrong', { ports: [{ port: 80, targetport: 'http' }] }, 'targetport'],
    ['a value of another type', { ports: [{ port: 'http' }] }, '/spec/ports/0/port'],
    ['a field that is missing', { ports: [{ targetPort: 'http' }] }, "'port'"],
  ])('find %s', async (_, spec, finding) => {
    const check = await openKubernetesSchemas()
    expect(check({ ...good, spec }).join('\n')).toContain(finding)
  })

  it('do not let a kind pass that Kubernetes does not have', async () => {
    const check = await openKubernetesSchemas()
    expect(() => check({ ...good, kind: 'Servise' })).toThrow('v1 Servise is no object of Kubernetes')
  })
})
