import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeDisk } from './disk.conformance.ts'
import { systemDisk } from './system-disk.ts'

describeDisk('system', async () => ({ disk: systemDisk, root: await mkdtemp(join(tmpdir(), 'disk-')) }))
