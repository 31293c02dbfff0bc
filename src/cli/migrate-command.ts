/** `temporal-a2a migrate`: the store's schema, up to this version or one step back. */
import { Command } from 'commander'
import { createLogger } from '../observe/logger.js'
import { fail } from './fail.js'
import { databaseFlag } from './flags.js'

interface MigrateFlags {
  readonly db: string
  readonly down?: boolean
}

export function migrateCommand(): Command {
  return new Command('migrate')
    .description('Bring the database of tasks to this version. The servers do so by themselves when they start.')
    .addOption(databaseFlag())
    .option('--down', 'undo the latest migration instead: before going back to an older version')
    .addHelpText('after', '\nExample:\n  temporal-a2a migrate --db postgres://a2a@db.example/a2a --down')
    .action(run)
}

async function run({ db, down }: MigrateFlags, command: Command): Promise<void> {
  const [{ openDatabase }, { migrateDown, migrateUp }] = await Promise.all([
    import('../store/database.js'),
    import('../store/migrate.js'),
  ])
  try {
    const database = openDatabase(db, createLogger('warn'))
    try {
      const done = await (down ? migrateDown : migrateUp)(database)
      const lines = done.length === 0 ? ['nothing to do'] : done.map((name) => `${down ? 'undone' : 'done'}  ${name}`)
      process.stdout.write(`${lines.join('\n')}\n`)
    } finally {
      await database.db.destroy()
    }
  } catch (error) {
    fail(command, error)
  }
}
