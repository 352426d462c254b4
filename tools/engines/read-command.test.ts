import { resolve } from 'node:path'
import { EngineError } from './engine.ts'
import { readCommand } from './read-command.ts'

describe('the command line of npm run engines', () => {
  it('reads an action alone as one for all engines, with nothing else said', () => {
    expect(readCommand(['up'])).toEqual({ action: 'up', names: ['kafka', 'cassandra', 'elasticsearch', 'redis'], way: undefined, home: undefined, ports: {}, heaps: {} })
  })

  it('reads engines, way, folder, ports and heaps', () => {
    expect(readCommand(['down', '--only', 'redis, kafka', '--native', '--home', 'engines', '--kafka-port', '9192', '--elasticsearch-heap', '2g'])).toEqual({
      action: 'down', names: ['redis', 'kafka'], way: 'native', home: resolve('engines'), ports: { kafka: 9192 }, heaps: { elasticsearch: '2g' },
    })
  })

  it.each([
    [[], 'say one of up, down, status, wipe'],
    [['start'], 'say one of up, down, status, wipe, not "start"'],
    [['up', 'kafka'], 'say one of up, down, status, wipe, not "up kafka"'],
    [['up', '--only', 'kafka,zookeeper'], '--only knows kafka, cassandra, elasticsearch, redis, not "zookeeper"'],
    [['up', '--kafka-port', 'x'], '--kafka-port must be a port number, not "x"'],
    [['up', '--cassandra-heap', '1'], '--cassandra-heap must be a size such as 512m or 2g, not "1"'],
    [['up', '--docker', '--native'], '--docker and --native exclude each other'],
  ])('says what is wrong with %j', (args, message) => {
    expect(() => readCommand(args)).toThrow(new EngineError(message))
  })

  it('refuses options that it does not know', () => {
    expect(() => readCommand(['up', '--port', '1'])).toThrow(EngineError)
  })
})
