import type { Mutant } from './mutant.ts'

/** The bugs that a run of their kind must notice, one at a time. */
export const MUTANTS: readonly Mutant[] = [
  {
    run: 'crash', name: 'ack-before-sync', about: 'a record is acknowledged before it is synced', file: 'libs/bus/src/embedded-bus.ts',
    replacements: [['await file.dataSync()\n    segment.bytes', 'segment.bytes']],
  },
  {
    run: 'crash', name: 'offset-before-data', about: 'the commit entry is written before the pack that it names is stored', file: 'apps/writer/src/write-packs.ts',
    replacements: [
      ['await this.#options.store.put(key, flush.bytes)', 'void this.#options.clock.sleep(300).then(async () => await this.#options.store.put(key, flush.bytes)).catch(() => undefined)'],
    ],
  },
  {
    run: 'crash', name: 'data-before-offset', about: 'an entry becomes visible before the position and the ids that belong to it', file: 'libs/catalog/src/sqlite-commit-log.ts',
    replacements: [
      ["        for (const { expiresMs, ids } of pages) db.run('INSERT INTO requests (stream, expires_ms, ids) VALUES (?, ?, ?)', id, expiresMs, ids)\n", "        db.run('UPDATE streams SET sequence = ?2 WHERE id = ?1', id, sequence)\n      })\n      failpoints.hit('inside-commit')\n      db.transaction(() => {\n        const id = streamId(db, stream)\n        for (const { expiresMs, ids } of pages) db.run('INSERT INTO requests (stream, expires_ms, ids) VALUES (?, ?, ?)', id, expiresMs, ids)\n"],
      ["sequence, nextOffset, nextSourceOffset)\n        failpoints.hit('inside-commit')\n", 'sequence, nextOffset, nextSourceOffset)\n'],
    ],
  },
  {
    run: 'crash', name: 'no-id-check', about: 'the writer stores a request again that it has stored already', file: 'apps/writer/src/flush-buffer.ts',
    replacements: [['if (known.add(request, record.receivedMs)) requests.push(request)', 'if (known.add(request, record.receivedMs) || requests.length >= 0) requests.push(request)']],
  },
  {
    run: 'crash', name: 'ids-forgotten', about: 'a writer does not read the ids of stored requests when it starts', file: 'apps/writer/src/write-packs.ts',
    replacements: [['for (const request of page) known.add(request, 0)', 'if (page.length < 0) known.expire(0)']],
  },
  {
    run: 'crash', name: 'equal-bodies', about: 'an equal body without timestamps is taken for a retry', file: 'apps/intake/src/take-body.ts',
    replacements: [['isSelfTimestamped ? identityOfBody(', 'isSelfTimestamped || random.fraction() >= 0 ? identityOfBody(']],
  },
  {
    run: 'crash', name: 'lost-part', about: 'a pack lacks one of its parts', file: 'apps/writer/src/flush-buffer.ts',
    replacements: [['taken.filter(({ sources }) => sources.length > 0), tools)', 'taken.filter(({ sources }) => sources.length > 0).slice(0, Math.max(1, taken.length - 1)), tools)']],
  },
  {
    run: 'crash', name: 'sealed-twice', about: 'readers count packs beside the sealed rows that represent them', file: 'libs/catalog/src/live-fragments.ts',
    replacements: [['let last = seals.get(stream)?.throughCommit ?? 0', 'let last = Math.max(0, (seals.get(stream)?.throughCommit ?? 0) - 1)']],
  },
  {
    run: 'zombie', name: 'no-epoch-check', about: 'a commit does not ask whether another writer has claimed the stream', file: 'libs/catalog/src/cassandra-commit-log.ts',
    replacements: [['WHERE stream = ? IF epoch = ? AND sequence = ? AND next_offset = ?', 'WHERE stream = ? IF epoch >= ? AND sequence = ? AND next_offset = ?']],
  },
  {
    run: 'zombie', name: 'commit-over-a-gap', about: 'the writer takes a source offset above the next one', file: 'apps/writer/src/flush-buffer.ts',
    replacements: [["      if (sourceOffset > expectedSourceOffset) return 'ahead'\n", '']],
  },
  {
    run: 'zombie', name: 'kafkas-offset-trusted', about: 'reading begins where Kafka’s group stands, not where the commit log ends', file: 'libs/bus/src/kafka-bus.ts',
    replacements: [
      [
        '{ topic, group, signal: ending }, work)',
        `{ topic, group, signal: ending }, async (assignment) => {
      const stored = await this.#admin.run('reading the position of a group', (admin) => admin.fetchOffsets({ groupId: \`\${group}-\${topic}\`, topics: [topic] }))
      const at = Number(stored[0]?.partitions.find(({ partition }) => partition === assignment.partition)?.offset ?? -1)
      await work({ ...assignment, read: (offset) => assignment.read(at < 0 ? offset : at) })
    })`,
      ],
    ],
  },
  {
    run: 'zombie', name: 'timeout-is-failure', about: 'a commit without a reply is taken for one that failed, and made again where the log stands', file: 'apps/writer/src/write-packs.ts',
    replacements: [
      [
        'if (position.epoch !== this.#epoch || position.sequence !== sequence || position.nextOffset !== nextOffset) throw error',
        'if (position.epoch !== this.#epoch) throw error\n      await catalog.commit(this.#stream, { ...entry, sequence: position.sequence + 1, firstOffset: position.nextOffset })',
      ],
    ],
  },
]
