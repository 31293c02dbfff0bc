/** ListTasks over records in memory: filter, order, page. The store does the same in SQL. */
import type { TaskJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { limitHistory, withoutArtifacts } from '../a2a/task-view.js'
import type { ListFilter, ListPlace, ListQuery, TaskPage } from './list-query.js'
import type { TaskRecord } from './task-record.js'

/**
 * Where a task stood in the order from one change on until the next. Changes are counted, not timed: a page that was
 * read as of change n shows every task at the place it had at change n.
 */
export interface Place {
  readonly record: TaskRecord
  readonly statusTime: number
  readonly since: number
  /** The change that ended it; infinite for the current place. */
  readonly until: number
}

export function statusTimeOf(task: TaskJson): number {
  return Date.parse(task.status?.timestamp ?? '') || 0
}

/**
 * @param places of all tasks, current and past
 * @param change the number of the latest change
 */
export function listTasks(places: Iterable<Place>, query: ListQuery, change: number): TaskPage {
  const asOf = query.after?.asOf ?? change
  const matching: Place[] = []
  let current = 0
  for (const place of places) {
    if (!matches(place.record, query.filter)) continue
    if (place.until === Number.POSITIVE_INFINITY) current += 1
    if (place.since <= asOf && asOf < place.until && isAfter(place, query.after)) matching.push(place)
  }
  matching.sort((a, b) => b.statusTime - a.statusTime || compareText(b.record.taskId, a.record.taskId))
  const page = matching.slice(0, query.pageSize)
  const last = page.at(-1)
  const totalSize = query.after?.totalSize ?? current
  const more = matching.length > page.length && last !== undefined
  return {
    tasks: page.map(({ record }) => listed(record.task, query)),
    totalSize,
    ...(more ? { next: { asOf, statusTime: last.statusTime, taskId: last.record.taskId, totalSize } } : {}),
  }
}

/** The task as a list shows it: without artifacts unless asked for, with as much history as asked for. */
export function listed(task: TaskJson, query: Pick<ListQuery, 'includeArtifacts' | 'historyLength'>): TaskJson {
  const limited = limitHistory(task, query.historyLength)
  return query.includeArtifacts ? { ...limited, artifacts: limited.artifacts ?? [] } : withoutArtifacts(limited)
}

function matches(record: TaskRecord, filter: ListFilter): boolean {
  return (
    record.answer === undefined &&
    record.tenant === filter.tenant &&
    record.agentId === filter.agentId &&
    record.owner === filter.owner &&
    (filter.contextId === undefined || record.task.contextId === filter.contextId) &&
    (filter.state === undefined || record.task.status?.state === filter.state) &&
    (filter.statusTimeFrom === undefined || statusTimeOf(record.task) >= filter.statusTimeFrom)
  )
}

function isAfter(place: Place, after: ListPlace | undefined): boolean {
  if (after === undefined || place.statusTime !== after.statusTime)
    return after === undefined || place.statusTime < after.statusTime
  return compareText(place.record.taskId, after.taskId) < 0
}

/** By code unit, as SQL's binary order does: not by the rules of a language. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
