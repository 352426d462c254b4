import { runService } from '@millrace/service/run-service'
import { createForwarder } from './forward.ts'
import { forwardRoutes } from './forward-routes.ts'
import { openOtlpGrpc } from './otlp-grpc.ts'
import { addPage } from './page.ts'
import { tenantRoutes } from './tenant-routes.ts'

/** gateway: the one public address. Knows keys and quotas, serves the page, and streams everything else on to intake or query. */
await runService('gateway', async ({ settings, url, engines, resources, random, clock, log }) => {
  const catalog = await engines.openCatalog()
  const intake = resources.use(createForwarder({ name: 'intake', urls: settings.intakeUrls, clock, log }))
  const query = resources.use(createForwarder({ name: 'query', urls: settings.queryUrls, clock, log }))
  resources.use(await openOtlpGrpc({ host: settings.httpHost, port: settings.otlpGrpcPort, httpUrl: url, log }))
  const { hotRoutes, routes } = forwardRoutes({ intake, query })
  return {
    // Not intake, query or the catalog: while one of them is away the others are still worth sending to.
    checks: [],
    tenants: catalog,
    quotas: await engines.openQuotas({ byDefault: true }),
    addPages: addPage,
    hotRoutes,
    routes: [...tenantRoutes(catalog, random), ...routes],
  }
})
