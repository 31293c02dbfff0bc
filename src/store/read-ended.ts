/** Records of ended tasks, as they were written. */
import type { Kysely } from 'kysely'
import type { MessageJson, TaskJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import type { Position } from '../a2a/cursor.js'
import type { TaskRecord } from '../task/task-record.js'
import { artifactsOf, latestMessagesOf } from './read-content.js'
import type { Tables } from './tables.js'
import type { Projection } from './task-store.js'

/** Undefined when the task is not there or has not ended; `elses` when it is not this owner's, ended or not. */
export async function readEnded(
  db: Kysely<Tables>,
  key: string,
  owner: string | undefined,
): Promise<TaskRecord | 'elses' | undefined> {
  const row = await db.selectFrom('task').selectAll().where('key', '=', key).executeTakeFirst()
  if (row === undefined) return undefined
  if (owner !== undefined && row.owner !== owner) return 'elses'
  if (row.ended !== 1) return undefined
  const history = (await latestMessagesOf(db, [key])).get(key)
  const artifacts = (await artifactsOf(db, [key])).get(key)
  return toRecord({
    tenant: row.tenant,
    agentId: row.agent_id,
    taskId: row.task_id,
    owner: row.owner,
    ...(row.request_hash === null ? {} : { requestHash: row.request_hash }),
    createdAt: new Date(row.created_at).toISOString(),
    revision: row.revision,
    position: JSON.parse(row.position) as Position,
    task: {
      id: row.task_id,
      contextId: row.context_id,
      status: JSON.parse(row.status) as NonNullable<TaskJson['status']>,
      ...(artifacts === undefined ? {} : { artifacts }),
      ...(history === undefined ? {} : { history }),
      ...(row.metadata === null ? {} : { metadata: JSON.parse(row.metadata) as NonNullable<TaskJson['metadata']> }),
    },
    ...(row.answer === null ? {} : { answer: JSON.parse(row.answer) as MessageJson }),
  })
}

export function toRecord(projection: Projection): TaskRecord {
  return { format: 1, createdAt: '', ...projection, inbox: [], cancelRequested: false }
}
