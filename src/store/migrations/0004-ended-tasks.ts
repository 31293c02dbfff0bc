/** Ended tasks in the order in which they ended, for whoever removes old ones. */
import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<never>): Promise<void> {
  await db.schema
    .createIndex('task_by_end')
    .on('task')
    .columns(['status_time', 'key'])
    .where(sql.ref('ended'), '=', sql.lit(1))
    .execute()
}

export async function down(db: Kysely<never>): Promise<void> {
  await db.schema.dropIndex('task_by_end').execute()
}
