import { compilePipelines, type CompiledPipeline } from './compile-pipelines.ts'
import { parsePipelineDocument, type PipelineDocument } from './pipeline-document.ts'

/**
 * What is done for tenants that have not said otherwise: lines of known sources, and JSON that a log shipper passed on as text, become attributes. Nothing is
 * taken away but the text that its parts were made of.
 */
export const DEFAULT_PIPELINES: PipelineDocument = parsePipelineDocument({
  defaults: false,
  pipelines: [
    {
      name: 'JSON in the message', filter: String.raw`message:\{*`,
      processors: [
        { type: 'parse-json', from: 'message' },
        { type: 'status', from: ['@level', '@severity', '@status'], if: '-status:*' },
        { type: 'remap', from: ['@service', '@service.name'], to: 'service' },
        { type: 'remap', from: ['@trace_id', '@dd.trace_id'], to: 'trace_id' },
        { type: 'remap', from: ['@span_id', '@dd.span_id'], to: 'span_id' },
        { type: 'remap', from: ['@message', '@msg', '@log'], to: 'message', overwrite: true },
      ],
    },
    {
      name: 'Web servers', filter: 'source:(nginx OR apache OR httpd)',
      processors: [
        { type: 'grok', patterns: ['^%{COMBINEDAPACHELOG}', '^%{COMMONAPACHELOG}', String.raw`^(?<date_access>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[%{LOGLEVEL:level}\] (?:%{POSINT:process.pid:int}#%{NONNEGINT:thread_id:int}: )?%{GREEDYDATA:error.message}`] },
        { type: 'date', from: ['@date_access'], formats: ['dd/MMM/yyyy:HH:mm:ss Z'], keep: false },
        { type: 'status', from: ['@level'], if: '-status:*' },
        { type: 'set', to: 'status', value: 'error', overwrite: false, if: '@http.status_code:>=500' },
        { type: 'set', to: 'status', value: 'warn', overwrite: false, if: '@http.status_code:[400 TO 499]' },
        { type: 'set', to: 'status', value: 'info', overwrite: false, if: '@http.status_code:<400' },
        { type: 'user-agent', from: '@http.useragent', to: '@http.useragent_details' },
      ],
    },
  ],
})

let compiled: readonly CompiledPipeline[] | undefined

export function defaultPipelines(): readonly CompiledPipeline[] {
  return (compiled ??= compilePipelines(DEFAULT_PIPELINES, { sparesVerbatim: true }))
}
