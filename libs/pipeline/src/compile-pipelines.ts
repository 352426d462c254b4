import type { QueryAst } from '@millrace/query-language/ast'
import { parseQuery } from '@millrace/query-language/parse-query'
import { QuerySyntaxError } from '@millrace/query-language/query-syntax-error'
import { compileFilter } from '@millrace/query-engine/filters/compile-filter'
import type { Filter } from '@millrace/query-engine/filters/filter'
import { BadPatternError } from '@millrace/query-engine/query-engine'
import { BadPipelineError, type PipelineDocument, type ProcessorSettings } from './pipeline-document.ts'
import type { Processor } from './processor.ts'
import { createDate } from './processors/date.ts'
import { createGrok } from './processors/grok.ts'
import { createLookup } from './processors/lookup.ts'
import { createRemap, createRemove, createSet } from './processors/move-values.ts'
import { createParseJson } from './processors/parse-json.ts'
import { createParseKeyValue, createParseLogfmt } from './processors/parse-pairs.ts'
import { createRedact } from './processors/redact.ts'
import { createDrop, createRetention, createSample } from './processors/keep.ts'
import { createStatus } from './processors/status.ts'
import { createUserAgent } from './processors/user-agent.ts'

/** A document ready to run. */
export interface CompiledPipeline {
  readonly name: string
  /** Undefined where it takes every event. */
  readonly filter: Filter | undefined
  /** It leaves events alone whose message must come back as it was sent. */
  readonly sparesVerbatim: boolean
  readonly processors: readonly CompiledProcessor[]
}

export interface CompiledProcessor {
  readonly processor: Processor
  /** Undefined where it takes every event of its pipeline. */
  readonly condition: Filter | undefined
}

/** Those that are enabled, in order. @throws {BadPipelineError} names the place in the document. */
export function compilePipelines({ pipelines, tables }: PipelineDocument, { sparesVerbatim = false } = {}): readonly CompiledPipeline[] {
  return pipelines.flatMap(({ name, enabled, filter, processors }, index) => {
    const place = `pipelines[${index}]`
    const compiled: CompiledPipeline = {
      name, sparesVerbatim, filter: compileSearch(filter, `${place}.filter`),
      processors: processors.map((settings, at): CompiledProcessor => {
        const processorPlace = `${place}.processors[${at}]`
        return { processor: createProcessor(settings, tables, processorPlace), condition: settings.if === undefined ? undefined : compileSearch(settings.if, `${processorPlace}.if`) }
      }),
    }
    return enabled ? [compiled] : []
  })
}

function compileSearch(text: string, place: string): Filter | undefined {
  try {
    const search: QueryAst = parseQuery(text)
    return search.type === 'all' ? undefined : compileFilter(search)
  } catch (cause) {
    if (!(cause instanceof QuerySyntaxError || cause instanceof BadPatternError)) throw cause
    throw new BadPipelineError(`${place}: ${cause.message}`, { cause })
  }
}

function createProcessor(settings: ProcessorSettings, tables: PipelineDocument['tables'], place: string): Processor {
  switch (settings.type) {
    case 'parse-json':
      return createParseJson(settings)
    case 'parse-logfmt':
      return createParseLogfmt(settings)
    case 'parse-key-value':
      return createParseKeyValue(settings)
    case 'grok':
      return createGrok(settings, place)
    case 'remap':
      return createRemap(settings)
    case 'remove':
      return createRemove(settings)
    case 'set':
      return createSet(settings)
    case 'date':
      return createDate(settings, place)
    case 'status':
      return createStatus(settings)
    case 'lookup':
      return createLookup(settings, tables, place)
    case 'user-agent':
      return createUserAgent(settings)
    case 'redact':
      return createRedact(settings, place)
    case 'sample':
      return createSample(settings)
    case 'drop':
      return createDrop()
    case 'retention':
      return createRetention(settings)
  }
}
