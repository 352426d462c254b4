import { busCheck } from '@millrace/service/ready-checks'
import { runService } from '@millrace/service/run-service'
import { createIntakeRoutes } from './create-intake-routes.ts'
import { handshakeRoutes } from './handshake-routes.ts'

/** intake: decodes what senders bring into batches, and acknowledges what Kafka holds. Checks keys itself, so that heavy senders may reach it without the gateway. */
await runService('intake', async ({ engines, ...runtime }) => {
  const catalog = await engines.openCatalog()
  const topics = await engines.openTopics(catalog)
  const receiptSecret = await engines.openReceiptSecret(catalog)
  const bus = await engines.openBus()
  await engines.checkLog(bus, catalog, topics)
  return {
    // Not the catalog: what was checked before goes on being taken without it.
    checks: [busCheck(bus, topics.batches)],
    tenants: catalog,
    quotas: await engines.openQuotas({ byDefault: false }),
    hotRoutes: createIntakeRoutes({ ...runtime, bus, topics, receiptSecret, catalog }),
    routes: handshakeRoutes(),
  }
})
