/** Writes states of tasks: idempotent, in any order, never backwards. */
import { type Kysely, sql, type Transaction } from 'kysely'
import { isTerminal, stateOf } from '../a2a/state.js'
import { taskKey } from '../bus/live-event.js'
import { mapTaskAndAnswer } from '../task/large-records.js'
import { largeValuesIn } from '../task/large-values.js'
import { statusTimeOf } from '../task/list-filter.js'
import { newsOf } from './newer-state.js'
import type { BlobUseTable, PlaceTable, Tables, TaskTable } from './tables.js'
import { changeTally } from './tally.js'
import type { Projection } from './task-store.js'

/** Rows in one statement: databases bound the number of values, not of statements. */
const ROWS = 500

/**
 * All in one transaction, and one after the other in the whole installation: whoever sees change n sees all before it.
 *
 * @param projections of different tasks
 */
export async function projectTasks(db: Kysely<Tables>, projections: readonly Projection[]): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    const first = await lockChanges(transaction, projections.length)
    const known = await knownTasks(transaction, projections.map(taskKey))
    const changes = projections
      .map((projection, index) => taskChange(projection, known.get(taskKey(projection)), first + index))
      .filter((change) => change !== undefined)
    if (changes.length === 0) return
    await writeTasks(
      transaction,
      changes.map(({ row }) => row),
    )
    await insertPlaces(
      transaction,
      changes.flatMap(({ left }) => left ?? []),
    )
    await changeTally(transaction, changes)
    await insertMessages(transaction, changes)
    await writeArtifacts(transaction, changes)
    await noteLargeValues(transaction, changes)
  })
}

type Known = Pick<
  TaskTable,
  | 'key'
  | 'revision'
  | 'status_time'
  | 'since'
  | 'ended'
  | 'hidden'
  | 'state'
  | 'messages'
  | 'created_at'
  | 'status'
  | 'position'
>

/** What has to be written of one task. */
export interface TaskChange {
  readonly projection: Projection
  readonly row: TaskTable
  readonly before: Known | undefined
  /** The place in the order of lists that the task has left. */
  readonly left: PlaceTable | undefined
}

/**
 * Holds up every other transaction that writes tasks until this one has ended.
 *
 * @param changes numbers of changes to take
 * @returns the first of them
 */
export async function lockChanges(db: Transaction<Tables>, changes = 0): Promise<number> {
  const { value } = await db
    .updateTable('counter')
    .set((row) => ({ value: row('value', '+', changes) }))
    .where('name', '=', 'change')
    .returning('value')
    .executeTakeFirstOrThrow()
  return value - changes + 1
}

async function knownTasks(db: Transaction<Tables>, keys: readonly string[]): Promise<Map<string, Known>> {
  const rows = await db
    .selectFrom('task')
    .select([
      'key',
      'revision',
      'status_time',
      'since',
      'ended',
      'hidden',
      'state',
      'messages',
      'created_at',
      'status',
      'position',
    ])
    .where('key', 'in', [...keys])
    .execute()
  return new Map(rows.map((row) => [row.key, row]))
}

/** Undefined when what is known is as new, or final. */
function taskChange(projection: Projection, before: Known | undefined, change: number): TaskChange | undefined {
  const news = newsOf(projection, before && { revision: before.revision, position: JSON.parse(before.position) })
  if (before?.ended === 1 || !(news.record || news.status)) return undefined
  const { task, tenant, agentId, taskId, owner, requestHash, createdAt, revision, position, answer, unseen } =
    projection
  // It lacks what is not known here yet; the task as it is after the turn has everything.
  if (unseen !== undefined && (before?.messages ?? 0) < unseen.count) return undefined
  const now = Date.now()
  const standing = before === undefined || news.status ? standingOf(task, position) : before
  const moved = before?.status_time !== standing.status_time
  const row: TaskTable = {
    key: taskKey(projection),
    tenant,
    agent_id: agentId,
    task_id: taskId,
    owner,
    context_id: task.contextId ?? '',
    request_hash: requestHash ?? null,
    state: standing.state,
    status_time: standing.status_time,
    revision: Math.max(before?.revision ?? 0, revision),
    since: moved ? change : before.since,
    created_at: before?.created_at ?? (createdAt === undefined ? standing.status_time : Date.parse(createdAt)),
    ended: isTerminal(stateOf(task)) ? 1 : 0,
    hidden: answer === undefined ? 0 : 1,
    checked_at: now,
    messages: Math.max(before?.messages ?? 0, task.history?.length ?? 0),
    status: standing.status,
    metadata: task.metadata === undefined ? null : JSON.stringify(task.metadata),
    position: standing.position,
    answer: answer === undefined ? null : JSON.stringify(answer),
  }
  const left = before === undefined || !moved ? undefined : leftPlace(row, before)
  return { projection, row, before, left }
}

type Standing = Pick<TaskTable, 'state' | 'status_time' | 'status' | 'position'>

function standingOf(task: Projection['task'], position: Projection['position']): Standing {
  return {
    state: stateOf(task),
    status_time: statusTimeOf(task),
    status: JSON.stringify(task.status ?? {}),
    position: JSON.stringify(position),
  }
}

function leftPlace(row: TaskTable, { status_time, since }: Known): PlaceTable {
  const { key, tenant, agent_id, owner, task_id, since: until, checked_at: left_at } = row
  return { key, tenant, agent_id, owner, task_id, status_time, since, until, left_at }
}

/** Columns that a newer state may change. */
const CHANGING = [
  'state',
  'status_time',
  'revision',
  'since',
  'ended',
  'hidden',
  'checked_at',
  'messages',
  'status',
  'metadata',
  'position',
  'answer',
] as const satisfies readonly (keyof TaskTable)[]

async function writeTasks(db: Transaction<Tables>, rows: readonly TaskTable[]): Promise<void> {
  await db
    .insertInto('task')
    .values([...rows])
    .onConflict((conflict) =>
      conflict
        .column('key')
        .doUpdateSet((row) => Object.fromEntries(CHANGING.map((column) => [column, row.ref(`excluded.${column}`)]))),
    )
    .execute()
}

async function insertPlaces(db: Transaction<Tables>, places: readonly PlaceTable[]): Promise<void> {
  if (places.length === 0) return
  await db
    .insertInto('place')
    .values([...places])
    .execute()
}

/** A history only grows, so what is there stays. */
async function insertMessages(db: Transaction<Tables>, changes: readonly TaskChange[]): Promise<void> {
  const rows = changes.flatMap(({ projection, row, before }) =>
    (projection.task.history ?? [])
      .map((message, place) => ({ key: row.key, place, json: JSON.stringify(message) }))
      .slice(before?.messages ?? 0),
  )
  for (const chunk of chunks(rows)) {
    await db
      .insertInto('message')
      .values(chunk)
      .onConflict((conflict) => conflict.columns(['key', 'place']).doNothing())
      .execute()
  }
}

async function writeArtifacts(db: Transaction<Tables>, changes: readonly TaskChange[]): Promise<void> {
  const rows = changes.flatMap(({ projection, row }) =>
    (projection.task.artifacts ?? []).map((artifact, place) => ({
      key: row.key,
      place,
      artifact_id: artifact.artifactId ?? '',
      json: JSON.stringify(artifact),
    })),
  )
  for (const chunk of chunks(rows)) {
    await db
      .insertInto('artifact')
      .values(chunk)
      .onConflict((conflict) =>
        conflict
          .columns(['key', 'artifact_id'])
          .doUpdateSet((row) => ({ json: row.ref('excluded.json'), place: row.ref('excluded.place') }))
          .where(sql<boolean>`artifact.json <> excluded.json or artifact.place <> excluded.place`),
      )
      .execute()
  }
}

/** They are kept as long as the task. Once it has ended nothing else of it is: no checkpoint and no journal. */
async function noteLargeValues(db: Transaction<Tables>, changes: readonly TaskChange[]): Promise<void> {
  const uses = changes.flatMap(({ projection, row }) => {
    const hashes = largeValuesIn(projection, mapTaskAndAnswer).flatMap(({ pieces }) => pieces)
    return [...new Set(hashes)].map((hash) => ({ key: row.key, hash }))
  })
  for (const chunk of chunks(uses)) {
    await db
      .insertInto('blob_use')
      .values(chunk)
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  }
  const ended = changes.filter(({ row }) => row.ended === 1).map(({ row }) => row.key)
  await letGoOfBlobs(db, ended, new Set(uses.map(useOf)))
}

/**
 * Tasks do not need blobs any more, which are looked at again when they have lain for a while.
 *
 * @param kept those that they need all the same, as {@link useOf} says it
 */
export async function letGoOfBlobs(
  db: Transaction<Tables>,
  keys: readonly string[],
  kept: ReadonlySet<string>,
): Promise<void> {
  if (keys.length === 0) return
  const uses = await db
    .selectFrom('blob_use')
    .selectAll()
    .where('key', 'in', [...keys])
    .execute()
  const gone = uses.filter((use) => !kept.has(useOf(use)))
  for (const chunk of chunks(gone)) {
    const hashes = [...new Set(chunk.map(({ hash }) => hash))]
    for (const key of new Set(chunk.map((use) => use.key))) {
      const own = chunk.filter((use) => use.key === key).map(({ hash }) => hash)
      await db.deleteFrom('blob_use').where('key', '=', key).where('hash', 'in', own).execute()
    }
    await db.updateTable('blob').set({ touched_at: Date.now() }).where('hash', 'in', hashes).execute()
  }
}

function useOf({ key, hash }: BlobUseTable): string {
  return `${hash} ${key}`
}

function* chunks<T>(rows: readonly T[]): Generator<T[]> {
  for (let at = 0; at < rows.length; at += ROWS) yield rows.slice(at, at + ROWS)
}
