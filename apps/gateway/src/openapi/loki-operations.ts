import { QUERY_ROUTES } from '../forward-routes.ts'
import { json, type Operation } from './operation.ts'

/** Loki's read API: its clients know what they ask, and docs/logql.md tells which LogQL is answered. */
export const LOKI_OPERATIONS: Readonly<Record<string, Operation>> = Object.fromEntries(QUERY_ROUTES.filter(([, , , dialect]) => dialect === 'loki').map(([method, path]): [string, Operation] => [
  `${method} ${path}`,
  { tag: 'Loki', summary: `As Loki answers ${path.replace('/loki/api/v1/', '')}`, ...(method === 'POST' ? { body: { required: false, content: { 'application/x-www-form-urlencoded': { type: 'object', additionalProperties: { type: 'string' } } } } } : {}), answers: { 200: { description: "As Loki's API has it.", content: json({ type: 'object', additionalProperties: true }) } } },
]))
