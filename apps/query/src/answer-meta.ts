import type { Completeness } from './query-context.ts'

/** `meta` of an answer: Datadog's fields, and ours about completeness. */
export function answerMeta({ complete, completeUntil, missing }: Completeness, elapsedMs: number): object {
  return {
    elapsed: Math.round(elapsedMs),
    status: complete ? 'done' : 'timeout',
    complete,
    ...(completeUntil === undefined ? {} : { complete_until: completeUntil }),
    ...(missing.length === 0 ? {} : { warnings: missing.map(({ reason, detail }) => ({ code: reason, title: 'The answer is incomplete', detail })) }),
  }
}
