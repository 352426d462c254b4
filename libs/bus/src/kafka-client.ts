import type { Log } from '@millrace/telemetry/log'
import type { Kafka, KafkaConfig, LogEntry, SASLOptions } from 'kafkajs'
import { loadKafkajs } from './kafka-driver.ts'

export interface KafkaClientOptions {
  /** `host:port` each; any of them tells the rest. */
  readonly brokers: readonly string[]
  /** Names this process in the brokers' logs and quotas. */
  readonly clientId: string
  readonly log: Log
  readonly sasl?: SASLOptions
  readonly ssl?: boolean | { readonly ca?: string; readonly cert?: string; readonly key?: string }
}

/** A TCP connection to a broker in reach is there in milliseconds; a broker that is gone must not hold up the next one for long. */
const CONNECT_TIMEOUT_MS = 1_000
/** First pause and longest pause between the tries of a driver's call. */
const FIRST_RETRY_MS = 50
const MAX_RETRY_MS = 500

/**
 * A kafkajs client with our log. Each producer, consumer and admin gets one of its own: clients share
 * committed offsets between the members of a group, which corrupts both.
 *
 * @param requestTimeoutMs a request without an answer fails after it.
 * @param retries of a driver's call. Kept low: whoever calls knows better when to give up.
 */
export function createKafkaClient(options: KafkaClientOptions, { requestTimeoutMs, retries }: { readonly requestTimeoutMs: number; readonly retries: number }): Kafka {
  const { Kafka: KafkaClient, logLevel } = loadKafkajs()
  const { brokers, clientId, log, sasl, ssl } = options
  const config: KafkaConfig = {
    brokers: [...brokers],
    clientId,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: requestTimeoutMs,
    retry: { retries, initialRetryTime: FIRST_RETRY_MS, maxRetryTime: MAX_RETRY_MS },
    logLevel: logLevel.WARN,
    logCreator: () => (entry) => { passOn(log, entry) },
  }
  return new KafkaClient({ ...config, ...(sasl === undefined ? {} : { sasl }), ...(ssl === undefined ? {} : { ssl }) })
}

/** For who looks closely: what matters of it comes as an error, which we log or throw ourselves. */
function passOn(log: Log, { namespace, log: { message, timestamp: _, logger: __, stack: ___, ...facts } }: LogEntry): void {
  log.debug({ ...facts, part: namespace }, `kafkajs: ${message}`)
}
