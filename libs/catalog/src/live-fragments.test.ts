import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { noFailpoints } from '@millrace/runtime/failpoints'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemDisk } from '@millrace/runtime/system-disk'
import { describeLiveFragments } from './live-fragments.conformance.ts'
import { openCatalog } from './open-catalog.ts'

describeLiveFragments('sqlite', async () => await openCatalog({ kind: 'sqlite', root: await mkdtemp(join(tmpdir(), 'catalog-')), disk: systemDisk, clock: systemClock, failpoints: noFailpoints }), 40)
