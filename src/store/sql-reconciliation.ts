/** The reconciler's side of the store. */
import { type Kysely, sql, type Transaction } from 'kysely'
import type { TaskStateJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { LARGE_VALUES } from '../task/large-values.js'
import type { Availability } from './availability.js'
import type { Blobs } from './blobs.js'
import { letGoOfBlobs, lockChanges } from './project-tasks.js'
import type { Tables } from './tables.js'
import { changeTally } from './tally.js'
import type { EndedTask, Reconciliation } from './task-store.js'

/** States a task may be in that has not ended, and that is compared with the truth. */
const OPEN = [
  'TASK_STATE_SUBMITTED',
  'TASK_STATE_WORKING',
  'TASK_STATE_INPUT_REQUIRED',
  'TASK_STATE_AUTH_REQUIRED',
] as const satisfies readonly TaskStateJson[]

/** How long each call may take, in milliseconds: nobody waits for it. */
const CALL_MS = 5_000

/** Pieces of large values that are removed in one transaction: 64 MiB. */
const FORGET_AT_ONCE = 256

/** No lease is longer, in milliseconds. */
const MAX_LEASE_MS = 60_000

export class SqlReconciliation implements Reconciliation {
  private readonly db: Kysely<Tables>
  private readonly availability: Availability

  private readonly blobs: Blobs

  constructor(db: Kysely<Tables>, availability: Availability, blobs: Blobs) {
    this.db = db
    this.availability = availability
    this.blobs = blobs
  }

  begin(leaseMs: number): Promise<number | undefined> {
    return this.call(async () => {
      const now = Date.now()
      const taken = await this.db
        .updateTable('counter')
        .set({ value: now + leaseMs })
        .where('name', '=', 'round')
        // A time far ahead was set by a clock that is wrong.
        .where((row) => row.or([row('value', '<=', now), row('value', '>', now + MAX_LEASE_MS)]))
        .returning('value')
        .executeTakeFirst()
      if (taken === undefined) return undefined
      const { value } = await this.db
        .selectFrom('counter')
        .select('value')
        .where('name', '=', 'reconciled')
        .executeTakeFirstOrThrow()
      return value
    })
  }

  hold(leaseMs: number): Promise<void> {
    return this.call(() => this.set('round', Date.now() + leaseMs))
  }

  end(pauseMs: number, until: number): Promise<void> {
    return this.call(async () => {
      await this.set('reconciled', until)
      await this.set('round', Date.now() + pauseMs)
    })
  }

  notEnded(keys: readonly string[]): Promise<string[]> {
    return this.call(async () => without(keys, await this.found(keys).where('ended', '=', 1).execute()))
  }

  absent(keys: readonly string[]): Promise<string[]> {
    return this.call(async () => without(keys, await this.found(keys).execute()))
  }

  takeOpen(limit: number): Promise<string[]> {
    return this.call(async () => {
      const keys: string[] = []
      for (const state of OPEN) {
        const rows = await this.db
          .selectFrom('task')
          .select('key')
          .where('state', '=', state)
          .where('ended', '=', sql.lit(0))
          .orderBy('checked_at')
          .limit(Math.ceil(limit / OPEN.length))
          .execute()
        keys.push(...rows.map(({ key }) => key))
      }
      if (keys.length === 0) return keys
      await this.db.transaction().execute(async (transaction) => {
        await lockChanges(transaction)
        await transaction.updateTable('task').set({ checked_at: Date.now() }).where('key', 'in', keys).execute()
      })
      return keys
    })
  }

  endedBefore(time: number, limit: number, after?: EndedTask): Promise<EndedTask[]> {
    return this.call(async () => {
      const rows = await endedTasks(this.db, time, after).limit(limit).execute()
      return rows.map(({ key, status_time }) => ({ key, endedAt: status_time }))
    })
  }

  forget(key: string): Promise<boolean> {
    return this.call(() => this.db.transaction().execute((transaction) => forget(transaction, key)))
  }

  forgetLargeValues(until: number, spanMs?: number): Promise<number> {
    const now = Math.min(Date.now(), until)
    return this.blobs.forget({
      unusedBefore: now - LARGE_VALUES.forgetAfterMs,
      unknownBefore: now - LARGE_VALUES.forgetUnknownAfterMs,
      limit: FORGET_AT_ONCE,
      ...(spanMs === undefined ? {} : { spanMs }),
    })
  }

  private async set(name: 'round' | 'reconciled', value: number): Promise<void> {
    await this.db.updateTable('counter').set({ value }).where('name', '=', name).execute()
  }

  private found(keys: readonly string[]) {
    return this.db
      .selectFrom('task')
      .select('key')
      .where('key', 'in', [...keys])
  }

  private call<T>(work: () => Promise<T>): Promise<T> {
    return this.availability.run(CALL_MS, 'comparing the store', work)
  }
}

/** Along the index of ended tasks; exported for the test of its plan. */
export function endedTasks(db: Kysely<Tables>, before: number, after?: EndedTask) {
  return db
    .selectFrom('task')
    .select(['key', 'status_time'])
    .where('ended', '=', sql.lit(1))
    .where('status_time', '<', before)
    .$if(after !== undefined, (select) =>
      select.where((row) =>
        row(row.refTuple('status_time', 'key'), '>', row.tuple(after?.endedAt ?? 0, after?.key ?? '')),
      ),
    )
    .where((row) =>
      row.not(
        row.exists(
          row
            .selectFrom('delivery')
            .whereRef('delivery.key', '=', 'task.key')
            .where('delivery.state', '=', 'pending')
            .select('delivery.key'),
        ),
      ),
    )
    .orderBy('status_time')
    .orderBy('key')
}

async function forget(db: Transaction<Tables>, key: string): Promise<boolean> {
  await lockChanges(db)
  await letGoOfBlobs(db, [key], new Set())
  const gone = await db.deleteFrom('task').where('key', '=', key).returningAll().executeTakeFirst()
  await db
    .deleteFrom('delivery_attempt')
    .where('delivery_id', 'in', (select) => select.selectFrom('delivery').select('delivery_id').where('key', '=', key))
    .execute()
  for (const table of ['message', 'artifact', 'place', 'push_config', 'delivery'] as const) {
    await db.deleteFrom(table).where('key', '=', key).execute()
  }
  if (gone !== undefined) await changeTally(db, [{ before: gone, row: { ...gone, hidden: 1 } }])
  return gone !== undefined
}

function without(keys: readonly string[], found: readonly { readonly key: string }[]): string[] {
  const known = new Set(found.map(({ key }) => key))
  return keys.filter((key) => !known.has(key))
}
