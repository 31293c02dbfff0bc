/** Places that tasks have left are kept for walks that have begun before, and no longer. */
import type { Kysely } from 'kysely'
import { MAX_WALK_MS } from '../task/list-query.js'
import type { Tables } from './tables.js'

/** How often the old ones are removed, in milliseconds. */
const EVERY_MS = 60_000

const removedAt = new WeakMap<Kysely<Tables>, number>()

export async function forgetOldPlaces(db: Kysely<Tables>): Promise<void> {
  const now = Date.now()
  if (now - (removedAt.get(db) ?? 0) < EVERY_MS) return
  removedAt.set(db, now)
  await db
    .deleteFrom('place')
    .where('left_at', '<', now - MAX_WALK_MS - EVERY_MS)
    .execute()
}
