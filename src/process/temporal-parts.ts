/**
 * What every process on Temporal is made of, whatever its role: the server found or started, a client, the store, the bus.
 * The connection comes from the role: a gateway has a plain one, a worker the one of Temporal's native core.
 */
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Client, type ConnectionLike } from '@temporalio/client'
import type { EventBus } from '../bus/event-bus.js'
import { InProcessBus } from '../bus/in-process-bus.js'
import type { NatsOptions } from '../bus/nats/options.js'
import type { Logger } from '../internal/logger.js'
import type { Teardown } from '../internal/teardown.js'
import { isPostgresUrl, openDatabase } from '../store/database.js'
import { openTaskStore } from '../store/sql-task-store.js'
import type { TaskStore } from '../store/task-store.js'
import { checkNamespace } from '../temporal/check-namespace.js'
import { openTemporal, type TemporalProgress, type TemporalServer } from '../temporal/embedded/index.js'
import { SEARCH_ATTRIBUTES } from '../temporal/names.js'
import { ReachabilityWatch } from '../temporal/reachability.js'
import { type LocalFileOptions, localFile } from './local-file.js'

export interface TemporalPartsOptions extends LocalFileOptions {
  /** `host:port` of a Temporal server; nothing is started then. Default: what Temporal's own settings say. */
  readonly temporalAddress?: string
  readonly namespace?: string
  /** The bus between processes. Default: none, and streams of turns in other processes go at the pace of a poll. */
  readonly nats?: NatsOptions
  readonly env?: NodeJS.ProcessEnv
  readonly logger: Logger
  /** While a Temporal server is looked for, downloaded or built. */
  onProgress?(progress: TemporalProgress): void
  /** Gives up while starting. */
  readonly signal?: AbortSignal
}

export interface TemporalParts<C extends ConnectionLike> {
  readonly temporal: TemporalServer
  readonly connection: C
  readonly client: Client
  readonly reachability: ReachabilityWatch
  readonly store: TaskStore
  /** The store's database as people may see it. */
  readonly storeName: string
  readonly bus: EventBus
}

/** What both kinds of connection are made with. */
export type ConnectOptions = { readonly address: string } & TemporalServer['connection']

/**
 * @param connect makes the role's connection
 * @param teardown takes what was opened down again, also when this fails
 * @throws StoreDatabaseError the store's database does not answer, or was written by a newer version
 * @throws TemporalNotFoundError no Temporal server could be found, downloaded or built
 * @throws Error nothing answers at the configured address, or it has no such namespace
 */
export async function openTemporalParts<C extends ConnectionLike & { close(): Promise<void> }>(
  options: TemporalPartsOptions,
  connect: (options: ConnectOptions) => Promise<C>,
  teardown: Teardown,
): Promise<TemporalParts<C>> {
  const { db, logger } = options
  // Whoever keeps no file here may run where nothing can be written.
  if (!isPostgresUrl(db)) await mkdir(dirname(db), { recursive: true, mode: 0o700 })
  const temporal = await openTemporal(findOptions(options))
  teardown.add(() => temporal.stop())
  const connection = await connectTo(temporal, connect)
  teardown.add(() => connection.close())
  const client = new Client({ connection, namespace: temporal.namespace })
  await checkNamespace(client, temporal)
  const reachability = watch(temporal, client, logger)
  teardown.add(() => reachability.close())
  const database = openDatabase(db, logger)
  const store = await openTaskStore(database, logger)
  teardown.add(() => store.close())
  const bus = await openBus(options.nats, temporal.namespace, store, logger)
  teardown.add(() => bus.close())
  return { temporal, connection, client, reachability, store, storeName: database.name, bus }
}

/** Loaded only when it is wanted. */
async function openBus(
  nats: NatsOptions | undefined,
  namespace: string,
  largeValues: TaskStore,
  logger: Logger,
): Promise<EventBus> {
  if (nats === undefined) return new InProcessBus()
  const { NatsBus } = await import('../bus/nats/nats-bus.js')
  return NatsBus.open({ ...nats, namespace, logger, largeValues })
}

function findOptions(options: TemporalPartsOptions): Parameters<typeof openTemporal>[0] {
  const { temporalAddress: address, namespace, env, onProgress, signal } = options
  return {
    databaseFile: `${localFile(options)}.temporal`,
    logger: options.logger,
    searchAttributes: SEARCH_ATTRIBUTES,
    ...(address === undefined ? {} : { address }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(env === undefined ? {} : { env }),
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(signal === undefined ? {} : { signal }),
  }
}

async function connectTo<C>(temporal: TemporalServer, connect: (options: ConnectOptions) => Promise<C>): Promise<C> {
  try {
    return await connect({ address: temporal.address, ...temporal.connection })
  } catch (error) {
    throw new Error(`no Temporal server answers at ${temporal.source.detail}${tlsHint(temporal)}`, { cause: error })
  }
}

function tlsHint({ connection: { tls } }: TemporalServer): string {
  if (tls === undefined || tls === false) return ''
  // Settings of TLS are an object; without them an API key alone asks for it.
  return tls === true ? ' by TLS, which TEMPORAL_API_KEY switches on and TEMPORAL_TLS=false off' : ' by TLS'
}

function watch(temporal: TemporalServer, client: Client, logger: Logger): ReachabilityWatch {
  const reachability = new ReachabilityWatch({
    probe: async () => {
      await client.workflowService.getSystemInfo({})
    },
    onChange: (up) => {
      if (up) logger.info({ address: temporal.address }, 'Temporal is reachable again')
      else logger.warn({ address: temporal.address }, 'Temporal is not reachable')
    },
  })
  temporal.onStatus((status) => reachability.report(status === 'up'))
  return reachability
}
