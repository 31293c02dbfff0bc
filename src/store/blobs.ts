/** Large values in the store, in pieces, by the hash of their bytes, and which tasks they belong to. */
import { type Kysely, sql, type Transaction } from 'kysely'
import { A2AError, unavailable } from '../a2a/errors.js'
import { withDeadline } from '../internal/abort.js'
import type { Availability } from './availability.js'
import type { Tables } from './tables.js'

/** Bytes in one row: what a ranged read fetches at most too much on either side. */
const CHUNK_BYTES = 262_144
/** Blobs in one statement: 4 MiB of pieces. */
const AT_ONCE = 16
/** For one statement, or one transaction of {@link AT_ONCE} blobs, in milliseconds. */
const READ_MS = 1_500
const WRITE_MS = 5_000

const FORGET_MS = 30_000

export interface Forgetting {
  /** Milliseconds since 1970: what no task uses is removed when it was touched last before this. */
  readonly unusedBefore: number
  /** The same for what only tasks use that the store does not know. */
  readonly unknownBefore: number
  /** How far back from both it is looked, in milliseconds: what came earlier was looked at before. Default: to the beginning. */
  readonly spanMs?: number
  /** Blobs to remove at most. */
  readonly limit: number
}

export class Blobs {
  private readonly db: Kysely<Tables>
  private readonly availability: Availability

  constructor(db: Kysely<Tables>, availability: Availability) {
    this.db = db
    this.availability = availability
  }

  /**
   * All there when it resolves, and kept as long as the task. What is there already is only marked as used.
   *
   * @param key of the task that they belong to
   * @param contents by the SHA-256 of each, in hex
   * @throws A2AError UNAVAILABLE some of them may be there, marked as the task's
   */
  async put(key: string, contents: ReadonlyMap<string, Uint8Array>): Promise<void> {
    // Always in one order, so that two who write the same do not wait for each other in a circle.
    const sorted = [...contents].sort(([a], [b]) => (a < b ? -1 : 1))
    for (let at = 0; at < sorted.length; at += AT_ONCE) {
      const some = sorted.slice(at, at + AT_ONCE)
      await this.call(WRITE_MS, () => this.db.transaction().execute((db) => insert(db, key, some)))
    }
  }

  /**
   * Those that are there.
   *
   * @throws A2AError UNAVAILABLE
   */
  async get(hashes: readonly string[]): Promise<Map<string, Buffer>> {
    const found = new Map<string, Buffer>()
    for (let at = 0; at < hashes.length; at += AT_ONCE) {
      const rows = await this.call(READ_MS, () => this.chunksOf(hashes.slice(at, at + AT_ONCE)))
      for (const { hash, content } of rows) found.set(hash, joined(found.get(hash), content))
    }
    return found
  }

  /**
   * Bytes from `start` up to and without `end`; fewer when there are no more.
   *
   * @throws A2AError UNAVAILABLE
   */
  async range(hash: string, start: number, end: number): Promise<Buffer | undefined> {
    const blob = await this.call(READ_MS, () =>
      this.db.selectFrom('blob').select('size').where('hash', '=', hash).executeTakeFirst(),
    )
    if (blob === undefined) return undefined
    const to = Math.min(end, blob.size)
    if (start >= to) return Buffer.alloc(0)
    const first = Math.floor(start / CHUNK_BYTES)
    const last = Math.floor((to - 1) / CHUNK_BYTES)
    const chunks: Uint8Array[] = []
    for (let place = first; place <= last; place += 1) {
      const row = await this.call(READ_MS, () =>
        this.db
          .selectFrom('blob_chunk')
          .select('content')
          .where('hash', '=', hash)
          .where('place', '=', place)
          .executeTakeFirst(),
      )
      if (row === undefined) return undefined
      chunks.push(row.content)
    }
    const offset = first * CHUNK_BYTES
    return Buffer.concat(chunks).subarray(start - offset, to - offset)
  }

  /**
   * Removes blobs that nobody needs. One that somebody puts again at this very moment stays.
   *
   * @returns how many
   */
  async forget({ unusedBefore, unknownBefore, spanMs = Number.MAX_SAFE_INTEGER, limit }: Forgetting): Promise<number> {
    const used = sql<boolean>`exists (select 1 from blob_use where blob_use.hash = blob.hash)`
    const known = sql<boolean>`exists (select 1 from blob_use inner join task on task.key = blob_use.key where blob_use.hash = blob.hash)`
    // Nobody waits for it, and it says nothing about the database when it takes long.
    return withDeadline(
      this.db.transaction().execute(async (db) => {
        const gone = await db
          .deleteFrom('blob')
          .where('hash', 'in', (select) =>
            select
              .selectFrom('blob')
              .select('hash')
              .where((row) =>
                row.or([
                  row.and([
                    row('touched_at', '<', unusedBefore),
                    row('touched_at', '>=', Math.max(0, unusedBefore - spanMs)),
                    row.not(used),
                  ]),
                  row.and([
                    row('touched_at', '<', unknownBefore),
                    row('touched_at', '>=', Math.max(0, unknownBefore - spanMs)),
                    row.not(known),
                  ]),
                ]),
              )
              .limit(limit),
          )
          .where('touched_at', '<', Math.max(unusedBefore, unknownBefore))
          .returning('hash')
          .execute()
        const hashes = gone.map(({ hash }) => hash)
        if (hashes.length === 0) return 0
        await db.deleteFrom('blob_chunk').where('hash', 'in', hashes).execute()
        await db.deleteFrom('blob_use').where('hash', 'in', hashes).execute()
        return hashes.length
      }),
      FORGET_MS,
      'removing large values',
    )
  }

  private chunksOf(hashes: readonly string[]) {
    return this.db
      .selectFrom('blob_chunk')
      .select(['hash', 'content'])
      .where('hash', 'in', [...hashes])
      .orderBy('hash')
      .orderBy('place')
      .execute()
  }

  private async call<T>(ms: number, work: () => Promise<T>): Promise<T> {
    try {
      return await this.availability.run(ms, 'reading or writing a large value', work)
    } catch (error) {
      if (!(error instanceof A2AError)) throw error
      throw unavailable('Large values are not available; try again', error)
    }
  }
}

function joined(before: Buffer | undefined, chunk: Uint8Array): Buffer {
  const content = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  return before === undefined ? content : Buffer.concat([before, content])
}

type Content = readonly [hash: string, content: Uint8Array]

async function insert(db: Transaction<Tables>, key: string, contents: readonly Content[]): Promise<void> {
  const touched_at = Date.now()
  const hashes = contents.map(([hash]) => hash)
  const there = await db.updateTable('blob').set({ touched_at }).where('hash', 'in', hashes).returning('hash').execute()
  const known = new Set(there.map(({ hash }) => hash))
  for (const [hash, content] of contents) if (!known.has(hash)) await insertOne(db, hash, content, touched_at)
  await db
    .insertInto('blob_use')
    .values(hashes.map((hash) => ({ key, hash })))
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

async function insertOne(db: Transaction<Tables>, hash: string, content: Uint8Array, touched_at: number) {
  for (let at = 0; at < content.length; at += CHUNK_BYTES) {
    await db
      .insertInto('blob_chunk')
      .values({ hash, place: at / CHUNK_BYTES, content: content.subarray(at, at + CHUNK_BYTES) })
      .onConflict((conflict) => conflict.columns(['hash', 'place']).doNothing())
      .execute()
  }
  await db
    .insertInto('blob')
    .values({ hash, size: content.length, touched_at })
    .onConflict((conflict) => conflict.column('hash').doUpdateSet({ touched_at }))
    .execute()
}
