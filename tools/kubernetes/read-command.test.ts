import { resolve } from 'node:path'
import { KubernetesError } from './kubernetes-error.ts'
import { readCommand } from './read-command.ts'

describe('the command line of npm run kubernetes', () => {
  it.each([
    [['up', '--home', 'k'], { action: 'up', tier: 'full', home: resolve('k') }],
    [['up', 'lite', '--home', 'k'], { action: 'up', tier: 'lite', home: resolve('k') }],
    [['down', '--home', 'k'], { action: 'down', home: resolve('k') }],
    [['load', 'millrace/gateway:1', 'a.tar', '--home', 'k'], { action: 'load', images: ['millrace/gateway:1', 'a.tar'], home: resolve('k') }],
  ])('understands %j', (args, command) => {
    expect(readCommand(args)).toEqual(command)
  })

  it.each([
    [[], 'say one of up, down, status, load'],
    [['start'], 'say one of up, down, status, load, not "start"'],
    [['up', 'half'], 'up knows full and lite, not "half"'],
    [['up', 'full', 'lite'], 'say one of up, down, status, load, not "up full lite"'],
    [['down', 'now'], 'say one of up, down, status, load, not "down now"'],
    [['load'], 'load needs the name of an image or a tar of docker save'],
  ])('says what is wrong with %j', (args, message) => {
    expect(() => readCommand(args)).toThrow(new KubernetesError(message))
  })

  it('refuses options that it does not know', () => {
    expect(() => readCommand(['up', '--port', '1'])).toThrow(KubernetesError)
  })
})
