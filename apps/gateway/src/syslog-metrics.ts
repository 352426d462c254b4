import { Counter, type Registry } from '@millrace/telemetry/metrics'

export interface SyslogMetrics {
  count(transport: 'tcp' | 'udp', outcome: 'received' | 'dropped'): void
}

export function createSyslogMetrics(registry: Registry): SyslogMetrics {
  const messages = new Counter({ name: 'millrace_syslog_messages_total', help: 'Syslog messages. Dropped are datagrams that came while too many waited to be sent on.', labelNames: ['transport', 'outcome'], registers: [registry] })
  return {
    count(transport, outcome) {
      messages.inc({ transport, outcome })
    },
  }
}
