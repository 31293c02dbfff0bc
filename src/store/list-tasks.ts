/** ListTasks in SQL: filter, order, page. The same as `task/list-filter.ts` does in memory. */
import { type ExpressionBuilder, type Kysely, sql } from 'kysely'
import type { ArtifactJson, MessageJson, TaskJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { listed } from '../task/list-filter.js'
import type { ListFilter, ListQuery, TaskPage } from '../task/list-query.js'
import type { Tables } from './tables.js'

/** A task at the place in the order that it had when the walk began. */
interface Placed {
  readonly key: string
  readonly task_id: string
  readonly context_id: string
  readonly status: string
  readonly metadata: string | null
  readonly placed_at: number
}

export async function listTasks(db: Kysely<Tables>, query: ListQuery): Promise<TaskPage> {
  const { filter, pageSize, after } = query
  const asOf = after?.asOf ?? (await currentChange(db))
  const [current, past, totalSize] = await Promise.all([
    currentPlaces(db, query, asOf),
    after === undefined ? [] : pastPlaces(db, query, asOf),
    count(db, filter),
  ])
  const page = [...current, ...past].sort(byPlace).slice(0, pageSize)
  const last = page.at(-1)
  const more = current.length + past.length > pageSize && last !== undefined
  return {
    tasks: await complete(db, page, query),
    totalSize,
    ...(more ? { next: { asOf, statusTime: last.placed_at, taskId: last.task_id } } : {}),
  }
}

async function currentChange(db: Kysely<Tables>): Promise<number> {
  const row = await db.selectFrom('counter').select('value').where('name', '=', 'change').executeTakeFirst()
  return Number(row?.value ?? 0)
}

/** One more than the page, to know whether another follows. */
function currentPlaces(db: Kysely<Tables>, { filter, pageSize, after }: ListQuery, asOf: number): Promise<Placed[]> {
  let select = db
    .selectFrom('task')
    .select(['task.key', 'task_id', 'context_id', 'status', 'metadata', 'task.status_time as placed_at'])
    .where((row) => matching(row, filter))
    .where('task.since', '<=', asOf)
  if (after !== undefined) {
    const { statusTime, taskId } = after
    select = select.where(sql<boolean>`(task.status_time, task_id) < (${statusTime}, ${taskId})`)
  }
  return select
    .orderBy('task.status_time', 'desc')
    .orderBy('task_id', 'desc')
    .limit(pageSize + 1)
    .execute()
}

/** Tasks that have moved since the walk began, at the place they had then. */
function pastPlaces(db: Kysely<Tables>, { filter, pageSize, after }: ListQuery, asOf: number): Promise<Placed[]> {
  const { statusTime, taskId } = after ?? { statusTime: 0, taskId: '' }
  return db
    .selectFrom('place')
    .innerJoin('task', 'task.key', 'place.key')
    .select(['task.key', 'task_id', 'context_id', 'status', 'metadata', 'place.status_time as placed_at'])
    .where((row) => matching(row, filter))
    .where('place.since', '<=', asOf)
    .where('place.until', '>', asOf)
    .where(sql<boolean>`(place.status_time, task_id) < (${statusTime}, ${taskId})`)
    .orderBy('place.status_time', 'desc')
    .orderBy('task_id', 'desc')
    .limit(pageSize + 1)
    .execute()
}

async function count(db: Kysely<Tables>, filter: ListFilter): Promise<number> {
  const { total } = await db
    .selectFrom('task')
    .select((row) => row.fn.countAll().as('total'))
    .where((row) => matching(row, filter))
    .executeTakeFirstOrThrow()
  return Number(total)
}

function matching(row: ExpressionBuilder<Tables, 'task'>, filter: ListFilter) {
  const conditions = [
    row('task.tenant', '=', filter.tenant),
    row('task.agent_id', '=', filter.agentId),
    row('task.owner', '=', filter.owner),
    row('task.hidden', '=', 0),
  ]
  if (filter.contextId !== undefined) conditions.push(row('task.context_id', '=', filter.contextId))
  if (filter.state !== undefined) conditions.push(row('task.state', '=', filter.state))
  if (filter.statusTimeFrom !== undefined) conditions.push(row('task.status_time', '>=', filter.statusTimeFrom))
  return row.and(conditions)
}

/** With history and artifacts, as far as they were asked for. */
async function complete(db: Kysely<Tables>, page: readonly Placed[], query: ListQuery): Promise<TaskJson[]> {
  const keys = page.map(({ key }) => key)
  const history =
    query.historyLength === 0 ? new Map<string, MessageJson[]>() : await byKey<MessageJson>(db, 'message', keys)
  const artifacts = query.includeArtifacts ? await byKey<ArtifactJson>(db, 'artifact', keys) : undefined
  return page.map(({ key, task_id, context_id, status, metadata }) => {
    const task: TaskJson = {
      id: task_id,
      contextId: context_id,
      status: JSON.parse(status) as NonNullable<TaskJson['status']>,
      ...(artifacts?.get(key) === undefined ? {} : { artifacts: artifacts.get(key) as ArtifactJson[] }),
      history: history.get(key) ?? [],
      ...(metadata === null ? {} : { metadata: JSON.parse(metadata) as NonNullable<TaskJson['metadata']> }),
    }
    return listed(task, query)
  })
}

export async function byKey<T>(
  db: Kysely<Tables>,
  table: 'message' | 'artifact',
  keys: readonly string[],
): Promise<Map<string, T[]>> {
  const found = new Map<string, T[]>()
  if (keys.length === 0) return found
  const rows = await db
    .selectFrom(table)
    .select(['key', 'json'])
    .where('key', 'in', [...keys])
    .orderBy('place')
    .execute()
  for (const { key, json } of rows) {
    const list = found.get(key) ?? []
    list.push(JSON.parse(json) as T)
    found.set(key, list)
  }
  return found
}

function byPlace(a: Placed, b: Placed): number {
  return b.placed_at - a.placed_at || (a.task_id < b.task_id ? 1 : -1)
}
