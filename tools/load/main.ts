/** Sends seeded events to a running Millrace and keeps a ledger of them. */
import { readOptions } from '../command-line/read-options.ts'
import { createTenant, type Tenant } from '../client/millrace-client.ts'
import { runName } from './ledger-event.ts'
import { openLedger } from './ledger.ts'
import { runLoad } from './run-load.ts'
import { summaryText } from './summary-text.ts'

const options = readOptions('npm run load -- [options]: sends seeded events to a running Millrace and keeps a ledger of them', {
  url: { default: 'http://127.0.0.1:8080', about: 'where it listens' },
  'admin-key': { default: process.env['MILLRACE_BOOTSTRAP_ADMIN_KEY'] ?? '', about: 'creates the tenants; from MILLRACE_BOOTSTRAP_ADMIN_KEY unless given' },
  tenants: { default: 4, about: 'tenants to create' },
  rate: { default: 5000, about: 'events per second' },
  batch: { default: 100, about: 'events per request' },
  seconds: { default: 60, about: 'how long' },
  cut: { default: 0.02, about: 'share of the replies that are cut off and retried' },
  seed: { default: 1, about: 'equal seeds send equal events' },
  ledger: { default: 'ledger.ndjson', about: 'file to write; must not exist' },
})

const run = runName()
const tenants: Tenant[] = []
for (let index = 0; index < options.tenants; index++) tenants.push(await createTenant(options.url, options['admin-key'], `load-${run}-${index}`))
await using ledger = await openLedger(options.ledger, { run, seed: options.seed, tenants, startedMs: Date.now() })
const load = await runLoad({ url: options.url, ledger, rate: options.rate, batch: options.batch, cutShare: options.cut }, AbortSignal.timeout(options.seconds * 1000))
console.log(summaryText(load))
process.exitCode = load.unexpected.length === 0 ? 0 : 1
