import { createHash } from 'node:crypto'
import type { OpenApiDocument, OpenApiOperation } from './openapi-document.ts'
import type { Schema } from './operation.ts'

/** The document as one page that needs nothing else: no script, and a style that its policy names by hash. */
export function docsPage(document: OpenApiDocument): DocsPage {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })))
  const sections = document.tags.map(({ name }) => {
    const own = operations.filter(({ operation }) => operation.tags.includes(name))
    return `<section aria-labelledby="${anchorOf(name)}"><h2 id="${anchorOf(name)}">${escape(name)}</h2>${own.map(({ path, method, operation }) => operationHtml(method, path, operation)).join('')}</section>`
  })
  const schemas = Object.entries(document.components.schemas).map(([name, schema]) => `<details><summary><code>${escape(name)}</code></summary><div id="schema-${anchorOf(name)}">${schemaHtml(schema)}</div></details>`) // a link to something within opens it
  const links = [...document.tags.map(({ name }) => name), 'Schemas'].map((name) => `<a href="#${anchorOf(name)}">${escape(name)}</a>`)
  const html = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Millrace API</title><style>${STYLE}</style></head><body>
<header><h1>${escape(document.info.title)} API</h1><p>${prose(document.info.description)} The same for programs: <a href="/openapi.json">openapi.json</a>.</p><nav aria-label="Sections">${links.join(' ')}</nav></header>
<main>${sections.join('')}<section aria-labelledby="schemas"><h2 id="schemas">Schemas</h2>${schemas.join('')}</section></main></body></html>`
  return { html, policy: POLICY }
}

export interface DocsPage {
  readonly html: string
  /** Content-Security-Policy that lets just this page work. */
  readonly policy: string
}

function operationHtml(method: string, path: string, { summary, description, parameters = [], requestBody, responses, operationId }: OpenApiOperation): string {
  const rows = parameters.map((parameter) => `<tr><td><code>${escape(parameter.name)}</code>${parameter.required === true ? ' <em>required</em>' : ''}</td><td>${parameter.in}</td><td>${prose(parameter.description)} ${typeHtml(parameter.schema)}</td></tr>`)
  const contents = (content: Readonly<Record<string, { readonly schema: Schema }>> = {}): string => Object.entries(content).map(([type, { schema }]) => `<p><code>${escape(type)}</code></p>${schemaHtml(schema)}`).join('')
  const answers = Object.entries(responses).map(([status, response]) => `<details><summary><b>${escape(status)}</b> ${prose(response.description)}</summary>${contents(response.content)}</details>`)
  return `<details class="operation" id="${escape(operationId)}"><summary><span class="method">${method.toUpperCase()}</span> <code>${escape(path)}</code> <span class="quiet">${escape(summary)}</span></summary>
<p>${prose(description ?? '')}</p>
${rows.length === 0 ? '' : `<h3>Parameters</h3><table><thead><tr><th scope="col">name</th><th scope="col">in</th><th scope="col">what</th></tr></thead><tbody>${rows.join('')}</tbody></table>`}
${requestBody === undefined ? '' : `<h3>Body</h3><p>${prose(requestBody.description ?? '')}</p>${contents(requestBody.content)}`}
<h3>Answers</h3>${answers.join('')}</details>`
}

function schemaHtml(schema: Schema): string {
  const { properties, items, required } = schema as { readonly properties?: Readonly<Record<string, Schema>>; readonly items?: Schema; readonly required?: readonly string[] }
  if (properties !== undefined) {
    const rows = Object.entries(properties).map(([name, property]) => `<li><code>${escape(name)}</code>${required?.includes(name) === true ? '' : ' <em>optional</em>'} ${typeHtml(property)}${nestedHtml(property)}</li>`)
    return `${about(schema)}<ul>${rows.join('')}</ul>`
  }
  return items === undefined ? `<p>${typeHtml(schema)}</p>${nestedHtml(schema)}` : `<p>array of ${typeHtml(items)}</p>${nestedHtml(items)}`
}

/** What stands below a line for something that is an object, an array of these, or one of several. */
function nestedHtml(schema: Schema): string {
  if ('properties' in schema) return schemaHtml(schema)
  if ('items' in schema) return nestedHtml(schema['items'] as Schema)
  if ('oneOf' in schema) return `<ul>${(schema['oneOf'] as readonly Schema[]).map((choice) => `<li>${typeHtml(choice)}${nestedHtml(choice)}</li>`).join('')}</ul>`
  return ''
}

/** In a few words: what it is, which values it may have, what it is without one. */
function typeHtml(schema: Schema): string {
  const { $ref, type, items, enum: values, const: value, default: fallback, description } = schema as { readonly $ref?: string; readonly type?: string; readonly items?: Schema; readonly enum?: readonly string[]; readonly const?: string; readonly default?: unknown; readonly description?: string }
  const name = $ref?.split('/').at(-1)
  const limits = LIMITS.flatMap(([key, word]) => (schema[key] === undefined ? [] : `${word} ${String(schema[key])}`))
  const words = [
    name === undefined ? '' : `<a href="#schema-${anchorOf(name)}">${escape(name)}</a>`,
    items === undefined ? escape(type ?? '') : `array of ${typeHtml(items)}`,
    values === undefined ? '' : values.map((each) => `<code>${escape(each)}</code>`).join(' '),
    value === undefined ? '' : `<code>${escape(value)}</code>`,
    'oneOf' in schema ? 'one of' : '',
    escape(limits.join(', ')),
    fallback === undefined ? '' : `default <code>${escape(String(fallback))}</code>`,
  ]
  return `<span class="quiet">${words.filter((word) => word !== '').join(' · ')}</span>${description === undefined || 'properties' in schema ? '' : ` ${prose(description)}`}`
}

const LIMITS = [['minimum', 'from'], ['maximum', 'to'], ['minLength', 'at least'], ['maxLength', 'at most'], ['minItems', 'at least'], ['maxItems', 'at most'], ['format', ''], ['pattern', 'matches']] as const

function about({ description }: Schema): string {
  return typeof description === 'string' ? `<p>${prose(description)}</p>` : ''
}

/** Sentences, in which code stands between backticks. */
function prose(text: string): string {
  return escape(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>')
}

function anchorOf(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
}

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

const STYLE = `:root{color-scheme:light dark;--line:light-dark(#d5d9de,#3a4048);--quiet:light-dark(#59636e,#9aa4af);--link:light-dark(#0b57d0,#8ab4f8)}
body{margin:0;font:15px/1.5 system-ui,sans-serif;background:light-dark(#fff,#16191d);color:light-dark(#1b1f24,#e4e8ec)}
header,main{max-width:60rem;margin:0 auto;padding:1rem 1.25rem}a{color:var(--link)}nav{display:flex;flex-wrap:wrap;gap:.25rem 1rem}
h1{font-size:1.5rem;margin:.5rem 0}h2{font-size:1.15rem;margin:2rem 0 .5rem}h3{font-size:.95rem;margin:1rem 0 .25rem}
code{font:13px/1.45 ui-monospace,monospace;overflow-wrap:anywhere}details{margin:.25rem 0;padding:0 .75rem;border-inline-start:2px solid var(--line)}
.operation{border:1px solid var(--line);border-radius:6px;padding:.4rem .75rem}summary{cursor:pointer}.method{display:inline-block;min-width:4.5rem;font-weight:600}
.quiet,em{color:var(--quiet)}table{border-collapse:collapse;width:100%}th,td{text-align:start;vertical-align:top;padding:.25rem .75rem .25rem 0;border-bottom:1px solid var(--line)}ul{margin:.25rem 0;padding-inline-start:1.25rem}`
const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`
