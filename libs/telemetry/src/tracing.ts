import { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags, type Attributes, type Context, type Link, type Span, type SpanContext, type Tracer } from '@opentelemetry/api'

export type { Span } from '@opentelemetry/api'

// Our spans, over OpenTelemetry's API alone. While nothing collects them every function here returns after one comparison.

/** What the spans of this process are made with; undefined while nobody collects them. */
let tracer: Tracer | undefined

/** Called by open-telemetry.ts alone. */
export function collectSpans(by: Tracer | undefined): void {
  tracer = by
}

/** Whether spans are collected at all. */
export function isTracing(): boolean {
  return tracer !== undefined
}

/** A request of HTTP that is about to be answered. */
export interface TracedRequest {
  readonly method: string
  /** With names for what varies; paths as they came may hold keys. */
  readonly route: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/**
 * Runs `answer` inside the server span of a request, which goes on the caller's trace where `traceparent` names one. The span is given to `answer`, ends by
 * {@link endRequestSpan}, and is the active one for everything that `answer` awaits.
 */
export async function traceRequest({ method, route, headers }: TracedRequest, answer: (span: Span | undefined) => Promise<void>): Promise<void> {
  if (tracer === undefined) {
    await answer(undefined)
    return
  }
  const caller = propagation.extract(ROOT_CONTEXT, headers)
  const span = tracer.startSpan(`${method} ${route}`, { kind: SpanKind.SERVER, attributes: { 'http.request.method': method, 'http.route': route, 'url.scheme': 'http' } }, caller)
  await context.with(trace.setSpan(caller, span), async () => {
    await answer(span)
  })
}

export function endRequestSpan(span: Span, status: number): void {
  span.setAttribute('http.response.status_code', status)
  if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR }).setAttribute('error.type', String(status))
  span.end()
}

/** Adds a fact to the active span, if one is recorded. */
export function tagSpan(name: string, value: string | number | boolean): void {
  if (tracer !== undefined) trace.getActiveSpan()?.setAttribute(name, value)
}

/** Writes the active span into headers of a request to another service, sampled or not: it must not decide again. Touches nothing while spans are not collected. */
export function injectTrace(headers: Record<string, unknown>): void {
  if (tracer !== undefined) propagation.inject(context.active(), headers)
}

/** Starts a span below the active one; undefined unless that is recorded. The caller ends it. */
export function startChild(name: string, kind: keyof typeof SpanKind = 'INTERNAL'): Span | undefined {
  if (tracer === undefined || trace.getActiveSpan()?.isRecording() !== true) return undefined
  return tracer.startSpan(name, { kind: SpanKind[kind] })
}

/** Ends a span as `work` ends, which it returns. */
export async function endWith<T>(span: Span, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR }).setAttribute('error.type', error instanceof Error ? error.name : 'unknown')
    throw error
  } finally {
    span.end()
  }
}

/** Where a span stands, to be carried where there are no headers: trace id (16) and span id (8). */
export function tracePointOf(span: Span): Uint8Array {
  const { traceId, spanId } = span.spanContext()
  return Buffer.from(traceId + spanId, 'hex')
}

/** A span whose beginning and end are known once it is over. */
export interface PastSpan {
  readonly name: string
  /** ms since 1970, both. */
  readonly startedMs: number
  readonly endedMs: number
  readonly attributes?: Attributes
  /** Other points that it has to do with. */
  readonly links?: readonly Uint8Array[]
}

/**
 * Records a span below a point that was carried here: the consumer's side of a message. Answers its own point; undefined while spans are not collected.
 * A point of the wrong size or of zeros, which no span has, is left out.
 */
export function recordSpan(below: Uint8Array, { name, startedMs, endedMs, attributes = {}, links = [] }: PastSpan): Uint8Array | undefined {
  const parent = tracer === undefined ? undefined : contextOf(below)
  if (tracer === undefined || parent === undefined) return undefined
  // As dates: the SDK takes small numbers for times of its own clock.
  const options = { kind: SpanKind.CONSUMER, startTime: new Date(startedMs), attributes, links: links.flatMap(linkOf) }
  const span = tracer.startSpan(name, options, parent)
  span.end(new Date(endedMs))
  return tracePointOf(span)
}

function contextOf(point: Uint8Array): Context | undefined {
  const spanContext = spanContextOf(point)
  return spanContext === undefined ? undefined : trace.setSpanContext(ROOT_CONTEXT, spanContext)
}

function linkOf(point: Uint8Array): readonly Link[] {
  const spanContext = spanContextOf(point)
  return spanContext === undefined ? [] : [{ context: spanContext }]
}

function spanContextOf(point: Uint8Array): SpanContext | undefined {
  const hex = Buffer.from(point).toString('hex')
  const spanContext = { traceId: hex.slice(0, TRACE_ID_DIGITS), spanId: hex.slice(TRACE_ID_DIGITS), traceFlags: TraceFlags.SAMPLED, isRemote: true }
  return trace.isSpanContextValid(spanContext) ? spanContext : undefined
}

/** Of W3C Trace Context. */
const TRACE_ID_DIGITS = 32
