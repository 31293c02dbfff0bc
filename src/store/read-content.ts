/** Messages and artifacts of tasks, by the tasks' keys and in their order. */
import { type Kysely, sql } from 'kysely'
import type { ArtifactJson, MessageJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import type { Tables } from './tables.js'

/** @param length at most so many of each task, the latest; undefined for all */
export async function latestMessagesOf(
  db: Kysely<Tables>,
  keys: readonly string[],
  length?: number,
): Promise<Map<string, MessageJson[]>> {
  if (keys.length === 0 || length === 0) return new Map()
  const rows = await db
    .selectFrom('message')
    .innerJoin('task', 'task.key', 'message.key')
    .select(['message.key', 'json'])
    .where('message.key', 'in', [...keys])
    .$if(length !== undefined, (select) => select.where(sql<boolean>`message.place >= task.messages - ${length}`))
    .orderBy('message.key')
    .orderBy('message.place')
    .execute()
  return grouped(rows)
}

export async function artifactsOf(db: Kysely<Tables>, keys: readonly string[]): Promise<Map<string, ArtifactJson[]>> {
  if (keys.length === 0) return new Map()
  const rows = await db
    .selectFrom('artifact')
    .select(['key', 'json'])
    .where('key', 'in', [...keys])
    .orderBy('key')
    .orderBy('place')
    .execute()
  return grouped(rows)
}

function grouped<T>(rows: readonly { readonly key: string; readonly json: string }[]): Map<string, T[]> {
  const found = new Map<string, T[]>()
  for (const { key, json } of rows) {
    const list = found.get(key) ?? []
    list.push(JSON.parse(json) as T)
    found.set(key, list)
  }
  return found
}
