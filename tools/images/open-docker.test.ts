import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DockerError, openDocker } from './open-docker.ts'

describe('a Docker that came here some other way than by Debian\'s package', () => {
  const path = process.env['PATH']
  let folder = ''
  beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'open-docker-')) })
  afterEach(() => {
    process.env['PATH'] = path
    rmSync(folder, { recursive: true })
  })

  it('is left to its user while it does not answer', async () => {
    const programs = join(folder, 'programs')
    mkdirSync(programs)
    writeFileSync(join(programs, 'dockerd'), '')
    process.env['PATH'] = programs // neither a client nor a list of packages is found
    await expect(openDocker({ home: join(folder, 'home') })).rejects.toThrow(new DockerError('the Docker daemon does not answer: start it, or join the group docker'))
  })
})
