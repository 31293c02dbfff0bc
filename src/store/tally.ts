/** Counts of tasks by caller and state, kept with every change: a total costs one row, not a walk over all tasks. */
import type { Kysely, Transaction } from 'kysely'
import type { ListFilter } from '../task/list-query.js'
import type { Tables, TaskTable } from './tables.js'

type Counted = Pick<TaskTable, 'tenant' | 'agent_id' | 'owner' | 'state' | 'hidden'>

interface Change {
  readonly row: Counted
  /** As the task was counted before; undefined when it was not. */
  readonly before: Pick<TaskTable, 'state' | 'hidden'> | undefined
}

export async function changeTally(db: Transaction<Tables>, changes: readonly Change[]): Promise<void> {
  const tally = new Map<string, { tenant: string; agent_id: string; owner: string; state: string; tasks: number }>()
  const count = ({ tenant, agent_id, owner, state, hidden }: Counted, tasks: number) => {
    if (hidden === 1) return
    const key = JSON.stringify([tenant, agent_id, owner, state])
    const entry = tally.get(key) ?? { tenant, agent_id, owner, state, tasks: 0 }
    entry.tasks += tasks
    tally.set(key, entry)
  }
  for (const { row, before } of changes) {
    if (before !== undefined) count({ ...row, ...before }, -1)
    count(row, 1)
  }
  const entries = [...tally.values()].filter(({ tasks }) => tasks !== 0)
  if (entries.length === 0) return
  await db
    .insertInto('tally')
    .values(entries)
    .onConflict((conflict) =>
      conflict
        .columns(['tenant', 'agent_id', 'owner', 'state'])
        .doUpdateSet((row) => ({ tasks: row('tally.tasks', '+', row.ref('excluded.tasks')) })),
    )
    .execute()
}

/** All tasks of a caller, or those in one state. */
export async function tallied(db: Kysely<Tables>, { tenant, agentId, owner, state }: ListFilter): Promise<number> {
  const { total } = await db
    .selectFrom('tally')
    .select((row) => row.fn.sum<number | null>('tasks').as('total'))
    .where('tenant', '=', tenant)
    .where('agent_id', '=', agentId)
    .where('owner', '=', owner)
    .$if(state !== undefined, (select) => select.where('state', '=', state ?? ''))
    .executeTakeFirstOrThrow()
  return Number(total ?? 0)
}
