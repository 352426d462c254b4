/** Settings that come from Secrets only, and where: what stands in `config` ends in a ConfigMap. A test holds it against the chart's own list. */
export const secretSettings: Readonly<Record<string, SecretPlace>> = {
  kafkaPassword: { secret: 'kafka', entry: 'password' },
  cassandraPassword: { secret: 'cassandra', entry: 'password' },
  elasticsearchPassword: { secret: 'elasticsearch', entry: 'password' },
  redisPassword: { secret: 'redis', entry: 'password' },
  syslogApiKey: { secret: 'syslog', entry: 'api-key' },
  bootstrapApiKey: { secret: 'keys', entry: 'api-key' },
  bootstrapAdminKey: { secret: 'keys', entry: 'admin-key' },
}

export interface SecretPlace {
  /** Name below `existingSecrets`. */
  readonly secret: string
  readonly entry: string
}
