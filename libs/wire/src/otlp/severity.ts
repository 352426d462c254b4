/** The status that stands for a severity number (OpenTelemetry logs data model, "Severity Fields"); undefined for one that is not specified. */
export function statusOfSeverity(severity: number): string | undefined {
  return severity >= 1 && severity <= 24 ? NAMES[Math.floor((severity - 1) / 4)] : undefined
}

/** Four numbers each. */
const NAMES = ['trace', 'debug', 'info', 'warn', 'error', 'fatal']
