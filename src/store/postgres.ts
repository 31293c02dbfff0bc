/** Postgres through `pg`, for Kysely. */
import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely'
import pg from 'pg'
import type { Logger } from '../internal/logger.js'
import type { Tables } from './tables.js'

export interface PostgresOptions {
  /** Connections of this process. Default 10. */
  readonly maxConnections?: number
  /** The longest a statement may take, in milliseconds. Default 5000. */
  readonly statementMs?: number
  readonly logger: Logger
}

/** The longest a connection may take to come about, in milliseconds: a list is refused within two seconds. */
const CONNECT_MS = 1_500
/** After this long without use a connection is closed, in milliseconds. */
const IDLE_MS = 30_000
/** Beyond the server's own timeout, in milliseconds: for a server that does not answer at all. */
const SILENCE_MS = 500
/** Type of `bigint`. Ours are counters and milliseconds, all of which a JavaScript number holds exactly. */
const INT8 = 20

/**
 * @param url `postgres://user:password@host:port/database?sslmode=verify-full&sslrootcert=FILE`; what it does not say
 *   comes from PGPASSWORD and the other variables of libpq
 */
export function openPostgres(url: string, options: PostgresOptions): Kysely<Tables> {
  const { maxConnections = 10, statementMs = 5_000, logger } = options
  const pool = new pg.Pool({
    connectionString: url,
    max: maxConnections,
    connectionTimeoutMillis: CONNECT_MS,
    idleTimeoutMillis: IDLE_MS,
    statement_timeout: statementMs,
    query_timeout: statementMs + SILENCE_MS,
    idle_in_transaction_session_timeout: 2 * statementMs,
    keepAlive: true,
    application_name: 'temporal-a2a',
    types: {
      getTypeParser: (oid, format) => (oid === INT8 ? Number : pg.types.getTypeParser(oid, format)),
    },
  })
  // The error itself may hold the client, and that the password. Without a listener it would end the process.
  const lost = ({ message }: Error) => logger.debug({ cause: message }, 'a connection to the store was lost')
  pool.on('error', lost)
  // The pool listens only while nobody uses the connection.
  pool.on('connect', (client) => client.on('error', lost))
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool: withoutBroken(pool) }) })
}

/** A connection on which anything but SQL has failed is not used again: an answer may still be under way on it. */
function withoutBroken(pool: pg.Pool): PostgresPool {
  const clients = new WeakMap<pg.PoolClient, PostgresPoolClient>()
  return {
    options: pool.options,
    end: () => pool.end(),
    async connect() {
      const client = await pool.connect()
      const known = clients.get(client) ?? watched(client)
      clients.set(client, known)
      return known
    },
  }
}

function watched(client: pg.PoolClient): PostgresPoolClient {
  let broken = false
  const query = async (text: unknown, parameters: readonly unknown[] = []): Promise<never> => {
    try {
      return (await client.query(text as string, [...parameters])) as never
    } catch (error) {
      broken ||= !(error instanceof pg.DatabaseError)
      throw error
    }
  }
  return {
    query: query as unknown as PostgresPoolClient['query'],
    release: (discard) => client.release(broken || discard === true),
  }
}
