/**
 * Logs two lines with winston through datadog-winston, which always speaks TLS to Datadog's own host: `node log-by-datadog-winston.ts <key> <port>`. Connections go to that port of loopback
 * instead, as a name server and a port forward would have it; the certificate is checked for the host's name all the same, against what NODE_EXTRA_CA_CERTS adds.
 */
import { globalAgent, type AgentOptions } from 'node:https'
import { createRequire } from 'node:module'
import { connect } from 'node:tls'
import { createLogger, type transport } from 'winston'

interface DatadogWinston {
  new (options: { readonly apiKey: string; readonly service: string; readonly ddsource: string; readonly ddtags: string; readonly hostname: string }): transport
}

const [apiKey = '', port = ''] = process.argv.slice(2)
Object.assign(globalAgent, { createConnection: (options: AgentOptions) => connect({ servername: options.servername ?? '', host: '127.0.0.1', port: Number(port) }) })
// It comes without types.
const DatadogTransport = createRequire(import.meta.url)('datadog-winston') as DatadogWinston
const logger = createLogger({ transports: [new DatadogTransport({ apiKey, service: 'dd-winston', ddsource: 'nodejs', ddtags: 'env:test', hostname: 'h7' })] })
logger.warn('by datadog-winston', { user: 7, ddtags: 'team:data' })
logger.error('and another')
