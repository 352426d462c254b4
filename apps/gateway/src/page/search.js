// The first page: one search at a time over POST /api/v2/logs/events/search. Everything from an event enters as text, never as markup.
const element = (id) => document.getElementById(id)
const [query, range, key, status, events, more] = ['query', 'range', 'key', 'status', 'events', 'more'].map(element)
const PAGE_EVENTS = 100
let cursor

const fromHash = new URLSearchParams(location.hash.slice(1)).get('key')
if (fromHash) {
  sessionStorage.setItem('key', fromHash)
  history.replaceState(null, '', location.pathname + location.search) // the key leaves the address bar
}
key.value = sessionStorage.getItem('key') ?? ''
const given = new URLSearchParams(location.search)
query.value = given.get('query') ?? ''
if (given.has('from')) range.value = given.get('from')

element('search').addEventListener('submit', (event) => {
  event.preventDefault()
  cursor = undefined
  history.replaceState(null, '', `?${new URLSearchParams({ query: query.value, from: range.value })}`)
  void search()
})
more.addEventListener('click', () => void search())
if (key.value) void search()

async function search() {
  sessionStorage.setItem('key', key.value)
  say('Searching…')
  try {
    const response = await fetch('/api/v2/logs/events/search', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'DD-API-KEY': key.value },
      body: JSON.stringify({ filter: { query: query.value || '*', from: range.value, to: 'now' }, page: { limit: PAGE_EVENTS, ...(cursor ? { cursor } : {}) } }),
    })
    const answer = await response.json()
    if (!response.ok) throw new Error(answer.errors?.[0] ?? answer.detail ?? `the answer was ${response.status}`)
    show(answer)
  } catch (error) {
    say(error.message, true)
  }
}

function show({ data, meta }) {
  if (!cursor) events.replaceChildren()
  for (const { attributes } of data) events.append(rowOf(attributes))
  cursor = meta.page?.after
  more.hidden = !cursor
  const until = meta.complete_until ? `, up to ${new Date(meta.complete_until).toLocaleTimeString()}` : ''
  say(`${events.children.length} events${cursor ? ' so far' : ''} in ${meta.elapsed} ms; ${meta.complete ? 'complete' : 'incomplete'}${until}`)
}

function rowOf({ timestamp, status: level, service, message, ...rest }) {
  const details = make('details', '')
  const summary = make('summary', '')
  summary.append(make('time', timestamp), make('span', level ?? '', `level ${(level ?? '').toLowerCase()}`), make('span', service ?? '', 'service'), make('span', message ?? '', 'message'))
  details.append(summary, make('pre', JSON.stringify(rest, null, 2)))
  const item = make('li', '')
  item.append(details)
  return item
}

function make(tag, text, className = '') {
  const made = document.createElement(tag)
  made.textContent = text
  if (className) made.className = className.replace(/[^a-z ]/g, '')
  return made
}

function say(text, isFailure = false) {
  status.textContent = text
  status.className = isFailure ? 'failed' : ''
}
