import { createSessions } from '@millrace/access/sessions'
import { whenAborted } from '@millrace/runtime/when-aborted'
import { runService } from '@millrace/service/run-service'
import { createForwarder } from './forward.ts'
import { forwardRoutes } from './forward-routes.ts'
import { keyRoutes } from './key-routes.ts'
import { openApiRoutes } from './openapi/openapi-routes.ts'
import { openOtlpGrpc } from './otlp-grpc.ts'
import { createPage } from './page.ts'
import { sessionRoutes } from './session-routes.ts'
import { openSyslogListener } from './syslog-listener.ts'
import { tenantRoutes } from './tenant-routes.ts'

/** gateway: the one public address. Knows keys and quotas, serves the page, and streams everything else on to intake or query. */
await runService('gateway', async ({ settings, url, engines, resources, random, clock, hostNames, log, registry }) => {
  const catalog = await engines.openCatalog()
  const intake = resources.use(createForwarder({ name: 'intake', urls: settings.intakeUrls, hostNames, clock, log }))
  const query = resources.use(createForwarder({ name: 'query', urls: settings.queryUrls, hostNames, clock, log }))
  const otlpGrpc = settings.otlpGrpcPort === 'off' ? undefined : resources.use(await openOtlpGrpc({ host: settings.httpHost, port: settings.otlpGrpcPort, httpUrl: url, clock, log }))
  const { httpHost: host, syslogTcpPort: tcpPort, syslogUdpPort: udpPort, syslogApiKey: apiKey } = settings
  const syslog = apiKey === undefined ? undefined : resources.use(await openSyslogListener({ host, tcpPort, udpPort, apiKey, httpUrl: url, clock, random, log, registry }))
  const page = createPage(log)
  void page.load() // requests are served meanwhile
  const { hotRoutes, routes } = forwardRoutes({ intake, query })
  return {
    // Not intake, query or the catalog: while one of them is away the others are still worth sending to.
    checks: [],
    tenants: catalog,
    quotas: await engines.openQuotas({ byDefault: true }),
    addPages: page.addTo,
    hotRoutes,
    // What these have taken they send on by the routes, which are served still.
    work: async (signal) => {
      await whenAborted(signal)
      query.endStreams()
      await Promise.all([syslog?.[Symbol.asyncDispose](), otlpGrpc?.[Symbol.asyncDispose]()])
    },
    routes: [...tenantRoutes({ tenants: catalog, random, clock }), ...keyRoutes({ tenants: catalog, random, clock }), ...sessionRoutes(catalog, createSessions(catalog, clock, random), clock), ...openApiRoutes(), ...routes],
  }
})
