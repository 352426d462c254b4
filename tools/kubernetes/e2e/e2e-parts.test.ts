import { Agent } from 'node:http'
import { MAX_REQUEST_MS, recordAttempts } from './attempts.ts'
import { pidOf } from './disturb.ts'
import { podsOf } from './pods.ts'
import { isRemain } from './remains.ts'
import { attemptLines } from './report-text.ts'
import { createSteps } from './steps.ts'
import type { Attempt, OutgoingRequest } from '../../client/send-request.ts'

describe('a pod', () => {
  const metadata = { name: 'millrace-query-1', labels: { 'app.kubernetes.io/component': 'query' } }
  const spec = { containers: [{ image: 'millrace/query:1' }] }
  const status = { phase: 'Running', podIP: '10.244.0.9', conditions: [{ type: 'Ready', status: 'True' }], containerStatuses: [{ restartCount: 2, containerID: 'containerd://abc' }] }

  it('is read from the list of the API', () => {
    expect(podsOf({ items: [{ metadata, spec, status }] })).toEqual([
      { name: 'millrace-query-1', app: 'query', ip: '10.244.0.9', phase: 'Running', isReady: true, isEnding: false, restarts: 2, containerId: 'abc', image: 'millrace/query:1' },
    ])
  })

  it('takes no work on its way out, nor before it has begun', () => {
    expect(podsOf({ items: [{ metadata: { ...metadata, deletionTimestamp: '2026-01-01T00:00:00Z' }, spec, status }] })[0]).toMatchObject({ isReady: false, isEnding: true })
    expect(podsOf({ items: [{ metadata: { name: 'x' }, spec, status: {} }] })).toEqual([{ name: 'x', app: '', ip: '', phase: '', isReady: false, isEnding: false, restarts: 0, containerId: '', image: 'millrace/query:1' }])
  })
})

describe('the process of a container', () => {
  const list = 'TASK    PID     STATUS    \nabc     4711    RUNNING\ndef     0       STOPPED\n'

  it('is read from what containerd lists', () => {
    expect(pidOf(list, 'abc')).toBe(4711)
  })

  it('is none when the container has ended or never was', () => {
    expect(() => pidOf(list, 'def')).toThrow('the container def does not run')
    expect(() => pidOf(list, 'ab')).toThrow('the container ab does not run')
  })
})

describe('what an uninstall leaves', () => {
  it('is any object in the namespace that Kubernetes itself has not put there', () => {
    expect(isRemain('Secret', { name: 'millrace-keys' }, true)).toBe(true)
    expect(isRemain('ConfigMap', { name: 'kube-root-ca.crt' }, true)).toBe(false)
    expect(isRemain('ServiceAccount', { name: 'default' }, true)).toBe(false)
    expect(isRemain('Event', { name: 'x' }, true)).toBe(false)
  })

  it('is only what Helm has made elsewhere', () => {
    expect(isRemain('ClusterRole', { name: 'x', labels: { 'app.kubernetes.io/managed-by': 'Helm' } }, false)).toBe(true)
    expect(isRemain('ClusterRole', { name: 'admin' }, false)).toBe(false)
  })
})

describe('the attempts of a load', () => {
  const requestWith = (body: Buffer): OutgoingRequest => ({ method: 'POST', url: 'http://gateway/v1/events', headers: {}, body, agent: new Agent() })
  const replied = (status: number): Attempt => ({ outcome: 'replied', status, headers: {}, body: Buffer.alloc(0) })

  it('are counted by what was done to the cluster when they began', async () => {
    const attempts: Attempt[] = [replied(200), replied(503), { outcome: 'unknown', reason: 'x' }, { outcome: 'unsent', reason: 'x' }]
    let phase = 'quiet'
    const record = recordAttempts(() => phase, () => Promise.resolve(attempts.shift() ?? replied(200)))
    await record.transport(requestWith(Buffer.alloc(1)))
    phase = 'upgrade'
    for (let index = 0; index < 3; index++) await record.transport(requestWith(Buffer.alloc(1)))
    expect([...record.phases]).toEqual([['quiet', { attempts: 1, failures: {} }], ['upgrade', { attempts: 3, failures: { 503: 1, 'no reply': 1, 'no connection': 1 } }]])
    expect(record.stillFailing).toEqual([])
    expect(attemptLines(record.phases)[1]).toContain('3 attempts; failed and tried again: 503 1, no reply 1, no connection 1')
  })

  it('tell the request that its third retry has not helped, once', async () => {
    const record = recordAttempts(() => 'kill', () => Promise.resolve(replied(503)))
    const body = Buffer.alloc(1)
    for (let index = 0; index < 3; index++) await record.transport(requestWith(body))
    expect(record.stillFailing).toEqual([])
    for (let index = 0; index < 2; index++) await record.transport(requestWith(body))
    expect(record.stillFailing).toEqual(['http://gateway/v1/events: 503 (kill), 503 (kill), 503 (kill), 503 (kill)'])
  })

  it('tell the request that succeeded too late, from its own beginning, and the longest time', async () => {
    const replies = [replied(503), replied(503), replied(200), replied(200), replied(503), replied(200)]
    let nowMs = 5000
    const record = recordAttempts(() => 'kill', () => Promise.resolve(replies.shift() ?? replied(500)), () => nowMs)
    const [slow, other, inTime] = [Buffer.alloc(1), Buffer.alloc(1), Buffer.alloc(1)]
    await record.transport(requestWith(slow))
    await record.transport(requestWith(slow))
    nowMs += MAX_REQUEST_MS + 1
    await record.transport(requestWith(other))
    expect([record.late, record.longestMs]).toEqual([[], 0])
    await record.transport(requestWith(slow))
    await record.transport(requestWith(inTime))
    nowMs += MAX_REQUEST_MS
    await record.transport(requestWith(inTime))
    expect(record.late).toEqual([`http://gateway/v1/events after ${MAX_REQUEST_MS + 1} ms: 503 (kill), 503 (kill)`])
    expect(record.longestMs).toBe(MAX_REQUEST_MS + 1)
    expect(record.stillFailing).toEqual([])
  })
})

describe('the steps of a run', () => {
  it('are told with their times, also the one that fails', async () => {
    const lines: string[] = []
    const steps = createSteps((line) => lines.push(line))
    expect(await steps.step('one', () => Promise.resolve(steps.current()))).toBe('one')
    await expect(steps.step('two', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect([...steps.tookMs.keys()]).toEqual(['one', 'two'])
    expect(lines.map((line) => line.replace(/[\d.]+ s/g, 'N s').trim())).toEqual(['N s one: N s', 'N s two: failed after N s'])
  })
})
