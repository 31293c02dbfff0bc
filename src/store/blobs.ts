/** Large values in the store, in chunks, by the hash of their bytes. */
import { type Kysely, sql, type Transaction } from 'kysely'
import type { Availability } from './availability.js'
import type { Tables } from './tables.js'

/** Bytes in one row: what a ranged read fetches at most too much on either side. */
const CHUNK_BYTES = 262_144
/** For one statement, in milliseconds. */
const CALL_MS = 5_000
/** For a whole value, in milliseconds. */
const PUT_MS = 30_000

export class Blobs {
  private readonly db: Kysely<Tables>
  private readonly availability: Availability

  constructor(db: Kysely<Tables>, availability: Availability) {
    this.db = db
    this.availability = availability
  }

  /**
   * Whole when it resolves, and not there at all when it fails. What is there already is only marked as used.
   *
   * @param hash SHA-256 of the content, in hex
   * @throws A2AError UNAVAILABLE
   */
  async put(hash: string, content: Uint8Array): Promise<void> {
    if (await this.touch(hash)) return
    const work = () => this.db.transaction().execute((db) => insert(db, hash, content))
    await this.availability.run(PUT_MS, 'writing a large value', work)
  }

  /** @throws A2AError UNAVAILABLE */
  async get(hash: string): Promise<Buffer | undefined> {
    return this.range(hash, 0, Number.MAX_SAFE_INTEGER)
  }

  /**
   * Bytes from `start` up to and without `end`; fewer when there are no more.
   *
   * @throws A2AError UNAVAILABLE
   */
  async range(hash: string, start: number, end: number): Promise<Buffer | undefined> {
    const blob = await this.call(() =>
      this.db.selectFrom('blob').select('size').where('hash', '=', hash).executeTakeFirst(),
    )
    if (blob === undefined) return undefined
    const to = Math.min(end, blob.size)
    if (start >= to) return Buffer.alloc(0)
    const first = Math.floor(start / CHUNK_BYTES)
    const last = Math.floor((to - 1) / CHUNK_BYTES)
    const chunks: Uint8Array[] = []
    for (let place = first; place <= last; place += 1) {
      const row = await this.call(() =>
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

  /** Removes at most `limit` blobs that no task has used since then. */
  async forget(before: Date, limit: number): Promise<number> {
    return this.call(() =>
      this.db.transaction().execute(async (db) => {
        const gone = await db
          .deleteFrom('blob')
          .where('hash', 'in', (select) =>
            select
              .selectFrom('blob')
              .select('hash')
              .where('touched_at', '<', before.getTime())
              .where(sql<boolean>`not exists (select 1 from blob_use where blob_use.hash = blob.hash)`)
              .limit(limit),
          )
          .where('touched_at', '<', before.getTime())
          .returning('hash')
          .execute()
        const hashes = gone.map(({ hash }) => hash)
        if (hashes.length > 0) await db.deleteFrom('blob_chunk').where('hash', 'in', hashes).execute()
        return hashes.length
      }),
    )
  }

  private async touch(hash: string): Promise<boolean> {
    const { numUpdatedRows } = await this.call(() =>
      this.db.updateTable('blob').set({ touched_at: Date.now() }).where('hash', '=', hash).executeTakeFirst(),
    )
    return numUpdatedRows > 0n
  }

  private call<T>(work: () => Promise<T>): Promise<T> {
    return this.availability.run(CALL_MS, 'reading or writing a large value', work)
  }
}

async function insert(db: Transaction<Tables>, hash: string, content: Uint8Array): Promise<void> {
  for (let at = 0; at < content.length; at += CHUNK_BYTES) {
    await db
      .insertInto('blob_chunk')
      .values({ hash, place: at / CHUNK_BYTES, content: content.subarray(at, at + CHUNK_BYTES) })
      .onConflict((conflict) => conflict.columns(['hash', 'place']).doNothing())
      .execute()
  }
  await db
    .insertInto('blob')
    .values({ hash, size: content.length, touched_at: Date.now() })
    .onConflict((conflict) => conflict.column('hash').doUpdateSet({ touched_at: Date.now() }))
    .execute()
}
