/** Writes a task's state: idempotent, in any order, never backwards. */
import { type Kysely, sql, type Transaction } from 'kysely'
import { isTerminal, stateOf } from '../a2a/state.js'
import { taskKey } from '../bus/live-event.js'
import { statusTimeOf } from '../task/list-filter.js'
import type { Tables } from './tables.js'
import type { Projection } from './task-store.js'

/** How long past places are kept: as long as a page token may live. */
const PLACE_MS = 3_600_000

/** All in one transaction. */
export async function projectTasks(db: Kysely<Tables>, projections: readonly Projection[]): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    for (const projection of projections) await projectTask(transaction, projection)
    await transaction
      .deleteFrom('place')
      .where('left_at', '<', Date.now() - PLACE_MS)
      .execute()
  })
}

async function projectTask(db: Transaction<Tables>, projection: Projection): Promise<void> {
  const key = taskKey(projection)
  const known = await db
    .selectFrom('task')
    .select(['revision', 'status_time', 'since', 'ended'])
    .where('key', '=', key)
    .executeTakeFirst()
  if (known !== undefined && (known.ended === 1 || known.revision >= projection.revision)) return
  const { task, revision, answer } = projection
  const state = stateOf(task)
  const statusTime = statusTimeOf(task)
  const moved = known?.status_time !== statusTime
  const since = moved ? await nextChange(db) : known.since
  const values = {
    state,
    status_time: statusTime,
    revision,
    since,
    ended: isTerminal(state) ? 1 : 0,
    hidden: answer === undefined ? 0 : 1,
    checked_at: Date.now(),
    status: JSON.stringify(task.status ?? {}),
    metadata: task.metadata === undefined ? null : JSON.stringify(task.metadata),
    position: JSON.stringify(projection.position),
    answer: answer === undefined ? null : JSON.stringify(answer),
  }
  if (known === undefined) {
    const { tenant, agentId, taskId, owner, requestHash, createdAt } = projection
    await db
      .insertInto('task')
      .values({
        ...values,
        key,
        tenant,
        agent_id: agentId,
        task_id: taskId,
        owner,
        context_id: task.contextId ?? '',
        request_hash: requestHash ?? null,
        created_at: createdAt === undefined ? statusTime : Date.parse(createdAt),
      })
      .execute()
  } else {
    await db.updateTable('task').set(values).where('key', '=', key).execute()
    if (moved) {
      const left = { key, status_time: known.status_time, since: known.since, until: since, left_at: Date.now() }
      await db.insertInto('place').values(left).execute()
    }
  }
  await writeMessages(db, key, task.history ?? [])
  await writeArtifacts(db, key, task.artifacts ?? [])
}

async function nextChange(db: Transaction<Tables>): Promise<number> {
  const { value } = await db
    .updateTable('counter')
    .set({ value: sql`value + 1` })
    .where('name', '=', 'change')
    .returning('value')
    .executeTakeFirstOrThrow()
  return value
}

/** A history only grows, so what is there stays. */
async function writeMessages(db: Transaction<Tables>, key: string, messages: readonly object[]): Promise<void> {
  if (messages.length === 0) return
  const rows = messages.map((message, place) => ({ key, place, json: JSON.stringify(message) }))
  await db
    .insertInto('message')
    .values(rows)
    .onConflict((conflict) => conflict.columns(['key', 'place']).doNothing())
    .execute()
}

async function writeArtifacts(
  db: Transaction<Tables>,
  key: string,
  artifacts: readonly { artifactId?: string }[],
): Promise<void> {
  if (artifacts.length === 0) return
  const rows = artifacts.map((artifact, place) => ({
    key,
    place,
    artifact_id: artifact.artifactId ?? '',
    json: JSON.stringify(artifact),
  }))
  await db
    .insertInto('artifact')
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(['key', 'artifact_id']).doUpdateSet((row) => ({
        json: row.ref('excluded.json'),
        place: row.ref('excluded.place'),
      })),
    )
    .execute()
}
