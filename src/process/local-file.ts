/** Where a process keeps what is its own: the database and secret of a Temporal server that it starts. */
import { join } from 'node:path'
import { isPostgresUrl } from '../store/database.js'

export interface LocalFileOptions {
  /** The store's database: path of an SQLite file, or `postgres://…`. */
  readonly db: string
  /** With Postgres: the directory on this machine. Default `.temporal-a2a`. */
  readonly dataDirectory?: string
}

/** The path that names of such files begin with: beside an SQLite store. */
export function localFile({ db, dataDirectory = '.temporal-a2a' }: LocalFileOptions): string {
  return isPostgresUrl(db) ? join(dataDirectory, 'a2a.db') : db
}
