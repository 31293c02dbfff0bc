/** ListTasks in SQL: filter, order, page. The same as `task/list-filter.ts` does in memory. */
import { type ExpressionBuilder, type Kysely, type SelectQueryBuilder, sql } from 'kysely'
import type { TaskJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { LARGE_VALUES, largeValuesIn, mapTask } from '../task/large-values.js'
import { listed } from '../task/list-filter.js'
import type { ListFilter, ListPlace, ListQuery, TaskPage } from '../task/list-query.js'
import { artifactsOf, latestMessagesOf } from './read-content.js'
import type { Tables } from './tables.js'
import { tallied } from './tally.js'

/** A task at the place in the order that it had when the walk began. */
interface Placed {
  readonly key: string
  readonly task_id: string
  readonly context_id: string
  readonly status: string
  readonly metadata: string | null
  readonly placed_at: number
  /** The latest change when the row was read. */
  readonly change: number
}

export async function listTasks(db: Kysely<Tables>, query: ListQuery): Promise<TaskPage> {
  const { filter, pageSize, after } = query
  const found = await placesOf(db, query).execute()
  // The total of the moment in which the walk began, as its order is.
  const totalSize = after?.totalSize ?? (await count(db, filter))
  const asked = found.sort(byPlace).slice(0, pageSize)
  const tasks = bounded(await complete(db, asked, query))
  const page = asked.slice(0, tasks.length)
  const last = page.at(-1)
  const more = found.length > page.length && last !== undefined
  return {
    tasks,
    totalSize,
    ...(more
      ? { next: { asOf: after?.asOf ?? last.change, statusTime: last.placed_at, taskId: last.task_id, totalSize } }
      : {}),
  }
}

/**
 * One more than the page, to know whether another follows; one statement, so that no task moves while it is read.
 * A walk that has begun sees tasks that have moved since where they were then, and none that came later.
 */
export function placesOf(
  db: Kysely<Tables>,
  { filter, pageSize, after }: ListQuery,
): SelectQueryBuilder<Tables, 'task', Placed> {
  const change = sql<number>`(select value from counter where name = 'change')`.as('change')
  const current = db
    .selectFrom('task')
    .select(['task.key', 'task.task_id', 'context_id', 'status', 'metadata', 'task.status_time as placed_at', change])
    .where((row) => matching(row, filter))
    .$if(after !== undefined, (select) =>
      select.where('task.since', '<=', after?.asOf ?? 0).where(behind('task', after as ListPlace)),
    )
    .orderBy('task.status_time', 'desc')
    .orderBy('task.task_id', 'desc')
    .limit(pageSize + 1)
  if (after === undefined) return current as never
  const past = db
    .selectFrom('place')
    .innerJoin('task', 'task.key', 'place.key')
    .select(['task.key', 'task.task_id', 'context_id', 'status', 'metadata', 'place.status_time as placed_at', change])
    .where('place.tenant', '=', filter.tenant)
    .where('place.agent_id', '=', filter.agentId)
    .where('place.owner', '=', filter.owner)
    .where('place.until', '>', after.asOf)
    .where('place.since', '<=', after.asOf)
    .where(behind('place', after))
    .where((row) => selected(row, filter))
    .orderBy('place.status_time', 'desc')
    .orderBy('place.task_id', 'desc')
    .limit(pageSize + 1)
  return db
    .selectFrom(current.as('current'))
    .selectAll()
    .unionAll(db.selectFrom(past.as('past')).selectAll()) as never
}

function behind(table: 'task' | 'place', { statusTime, taskId }: ListPlace) {
  const place = sql.join([sql.ref(`${table}.status_time`), sql.ref(`${table}.task_id`)])
  return sql<boolean>`(${place}) < (${statusTime}, ${taskId})`
}

async function count(db: Kysely<Tables>, filter: ListFilter): Promise<number> {
  if (filter.contextId === undefined && filter.statusTimeFrom === undefined) return tallied(db, filter)
  const { total } = await countOf(db, filter).executeTakeFirstOrThrow()
  return Number(total)
}

export function countOf(db: Kysely<Tables>, filter: ListFilter) {
  return db
    .selectFrom('task')
    .select((row) => row.fn.countAll().as('total'))
    .where((row) => matching(row, filter))
}

/** The caller's tasks that the filter selects. */
function matching(row: ExpressionBuilder<Tables, 'task'>, filter: ListFilter) {
  return row.and([
    row('task.tenant', '=', filter.tenant),
    row('task.agent_id', '=', filter.agentId),
    row('task.owner', '=', filter.owner),
    selected(row, filter),
  ])
}

/** The same for tasks that are the caller's already. Repeated, it would lead Postgres to find them all again. */
function selected(row: ExpressionBuilder<Tables, 'task'>, filter: ListFilter) {
  const conditions = [
    // Spelled out, so that the database sees that the indexes for lists, which leave hidden tasks out, will do.
    row('task.hidden', '=', sql.lit(0)),
  ]
  if (filter.contextId !== undefined) conditions.push(row('task.context_id', '=', filter.contextId))
  if (filter.state !== undefined) conditions.push(row('task.state', '=', filter.state))
  if (filter.statusTimeFrom !== undefined) conditions.push(row('task.status_time', '>=', filter.statusTimeFrom))
  return row.and(conditions)
}

/** With history and artifacts, as far as they were asked for. */
async function complete(db: Kysely<Tables>, page: readonly Placed[], query: ListQuery): Promise<TaskJson[]> {
  const keys = page.map(({ key }) => key)
  const history = await latestMessagesOf(db, keys, query.historyLength)
  const artifacts = query.includeArtifacts ? await artifactsOf(db, keys) : undefined
  return page.map(({ key, task_id, context_id, status, metadata }) => {
    const task: TaskJson = {
      id: task_id,
      contextId: context_id,
      status: JSON.parse(status) as NonNullable<TaskJson['status']>,
      artifacts: artifacts?.get(key) ?? [],
      history: history.get(key) ?? [],
      ...(metadata === null ? {} : { metadata: JSON.parse(metadata) as NonNullable<TaskJson['metadata']> }),
    }
    return listed(task, query)
  })
}

/** A page never holds more large values than fit into an answer, but for one task. */
function bounded(tasks: readonly TaskJson[]): readonly TaskJson[] {
  let bytes = 0
  for (const [index, task] of tasks.entries()) {
    for (const { size } of largeValuesIn(task, mapTask)) bytes += size
    if (index > 0 && bytes > LARGE_VALUES.perPage) return tasks.slice(0, index)
  }
  return tasks
}

function byPlace(a: Placed, b: Placed): number {
  return b.placed_at - a.placed_at || (a.task_id < b.task_id ? 1 : -1)
}
