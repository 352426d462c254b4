/** Checks a running Millrace against the ledger of a load that was sent to it. */
import { readOptions } from '../command-line/read-options.ts'
import { readLedger } from '../load/ledger.ts'
import { checkLedger } from './check-ledger.ts'

const options = readOptions('npm run ledger -- [options]: checks a running Millrace against the ledger of a load that was sent to it', {
  url: { default: 'http://127.0.0.1:8080', about: 'where it listens' },
  ledger: { default: 'ledger.ndjson', about: 'file that npm run load wrote' },
})

const verdict = await checkLedger(options.url, readLedger(options.ledger))
for (const line of [...verdict.examples, ...verdict.disagreements]) console.log(line)
console.log(verdict.text)
process.exitCode = verdict.isGreen ? 0 : 1
