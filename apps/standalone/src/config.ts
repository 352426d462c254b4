import { z } from 'zod'
import { readSettings, settingsTable } from '@millrace/config/read-settings'

/** What the process can be told; the chart makes its own schema of it. */
export const standaloneSchema = z.object({
  httpHost: z.string().default('0.0.0.0').describe('Address that the public port listens at.'),
  httpPort: z.coerce.number().int().min(0).max(65_535).default(8080).describe('The public port; 0 takes any free one.'),
  metricsPort: z.coerce.number().int().min(0).max(65_535).optional().describe('A port of its own for `/metrics`, which the public port then answers with 404; 0 takes any free one.'),
  otlpGrpcPort: z.union([z.literal('off'), z.coerce.number().int().min(0).max(65_535)]).default(4317).describe('Port of OTLP over gRPC; 0 takes any free one, `off` none.'),
  syslogTcpPort: z.coerce.number().int().min(0).max(65_535).optional().describe('Port of syslog over TCP; not taken by default. 601 is the standard one.'),
  syslogUdpPort: z.coerce.number().int().min(0).max(65_535).optional().describe('Likewise over UDP. 514 is the standard one.'),
  syslogApiKey: z.string().optional().describe('The key of the tenant whose all syslog messages are; MILLRACE_BOOTSTRAP_API_KEY by default.'),
  dataDir: z.string().default('data').describe('Folder that everything is kept below.'),
  bootstrapApiKey: z.string().optional().describe('A key of the tenant "default", made at every start where it is missing.'),
  bootstrapAdminKey: z.string().optional().describe('A key that may make tenants.'),
  partitions: z.coerce.number().int().min(1).max(1024).default(4).describe('Partitions of the log; fixed when the folder is new.'),
  tenantRequestsPerSecond: z.coerce.number().positive().default(5_000).describe('Requests that one tenant may make; beyond it 429.'),
  tenantBytesPerSecond: z.coerce.number().positive().default(200 * 1024 * 1024).describe('Bytes of bodies, as they travel, that one tenant may send; beyond it 429.'),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info').describe('Least level that is logged to the standard error stream.'),
  failpoints: z.string().optional().describe('<name>:<hit>: end the process there. For crash tests.'),
})

export type StandaloneConfig = z.infer<typeof standaloneSchema>

/** Settings of the standalone process: `MILLRACE_HTTP_PORT` and so on. @throws {BadConfigError} */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): StandaloneConfig {
  return readSettings(standaloneSchema, environment)
}

/** The settings as rows of a table for docs/configuration.md, which a test keeps equal. */
export function configTable(): string {
  return settingsTable(standaloneSchema)
}
