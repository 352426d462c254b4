import type { Mutant } from './mutant.ts'

/** The bugs that the crash run must notice, one at a time. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'ack-before-sync', about: 'a record is acknowledged before it is synced', file: 'libs/bus/src/embedded-bus.ts',
    replacements: [['await file.dataSync()\n    segment.bytes', 'segment.bytes']],
  },
  {
    name: 'offset-before-data', about: 'the commit entry is written before the pack that it names is stored', file: 'apps/writer/src/write-packs.ts',
    replacements: [
      ['await this.#options.store.put(key, flush.bytes)', 'void this.#options.clock.sleep(300).then(async () => await this.#options.store.put(key, flush.bytes)).catch(() => undefined)'],
    ],
  },
  {
    name: 'data-before-offset', about: 'an entry becomes visible before the position and the ids that belong to it', file: 'libs/catalog/src/sqlite-commit-log.ts',
    replacements: [
      ["        for (const { expiresMs, ids } of pages) db.run('INSERT INTO requests (stream, expires_ms, ids) VALUES (?, ?, ?)', id, expiresMs, ids)\n", "        db.run('UPDATE streams SET sequence = ?2 WHERE id = ?1', id, sequence)\n      })\n      failpoints.hit('inside-commit')\n      db.transaction(() => {\n        const id = streamId(db, stream)\n        for (const { expiresMs, ids } of pages) db.run('INSERT INTO requests (stream, expires_ms, ids) VALUES (?, ?, ?)', id, expiresMs, ids)\n"],
      ["sequence, nextOffset, nextSourceOffset)\n        failpoints.hit('inside-commit')\n", 'sequence, nextOffset, nextSourceOffset)\n'],
    ],
  },
  {
    name: 'no-id-check', about: 'the writer stores a request again that it has stored already', file: 'apps/writer/src/flush-buffer.ts',
    replacements: [['if (known.add(request, record.receivedMs)) requests.push(request)', 'if (known.add(request, record.receivedMs) || requests.length >= 0) requests.push(request)']],
  },
  {
    name: 'ids-forgotten', about: 'a writer does not read the ids of stored requests when it starts', file: 'apps/writer/src/write-packs.ts',
    replacements: [['for (const request of page) known.add(request, 0)', 'if (page.length < 0) known.expire(0)']],
  },
  {
    name: 'equal-bodies', about: 'an equal body without timestamps is taken for a retry', file: 'apps/intake/src/events-route.ts',
    replacements: [['isSelfTimestamped ? identityOfBody(', 'isSelfTimestamped || random.fraction() >= 0 ? identityOfBody(']],
  },
  {
    name: 'lost-part', about: 'a pack lacks one of its parts', file: 'apps/writer/src/flush-buffer.ts',
    replacements: [['build({ inputs: taken.flatMap(({ sources }) => sources),', 'build({ inputs: taken.flatMap(({ sources }) => sources).slice(0, Math.max(1, taken.length - 1)),']],
  },
  {
    name: 'sealed-twice', about: 'readers count packs beside the sealed rows that represent them', file: 'libs/catalog/src/live-fragments.ts',
    replacements: [['let last = seals.get(stream)?.throughCommit ?? 0', 'let last = Math.max(0, (seals.get(stream)?.throughCommit ?? 0) - 1)']],
  },
]
