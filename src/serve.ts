/** `serve()`: agents on a port, with everything they need. Loads server and worker only when it is called. */
import { type AgentSource, agentDefinition } from './agent/class/agent-class.js'
import { type Middleware, withMiddleware } from './agent/middleware.js'
import type { AuthenticationOption } from './auth/authentication.js'
import type { CardMode } from './card/card-mode.js'
import type { CardKey } from './card/sign-card.js'
import type { ConnectOptions } from './client/options.js'
import type { Logger } from './internal/logger.js'
import type { TemporalPlace } from './process/temporal-place.js'
import type { WebhookLog } from './push/webhook-log.js'
import type { WebhookSettings } from './push/webhook-settings.js'
import type { ServerLimits } from './server/limits.js'
import type { TlsOptions } from './server/listener.js'
import type { ProgressListener } from './temporal/embedded/progress.js'

/** What `serve()` serves, where, and with what. */
export interface ServeOptions {
  /** What `agent()` returns, or instances of classes that extend `Agent`. */
  readonly agents: readonly AgentSource[]
  /** Code around every handler of every agent, outermost first; an agent's own `use` comes inside. */
  readonly use?: readonly Middleware[]
  /** Default 4242; 0 lets the system choose. */
  readonly port?: number
  /** Address to listen on. Default `127.0.0.1`: only this machine. */
  readonly host?: string
  /** How clients reach the server, such as `https://agents.example`. Default: host and port. */
  readonly publicUrl?: string
  /** What the cards name as the address of gRPC. Default: host and port of `publicUrl`, as gRPC clients take it. */
  readonly publicGrpcUrl?: string
  /** Default `temporal`. `memory` keeps tasks in this process only: they are gone with it. */
  readonly engine?: 'temporal' | 'memory'
  /** `host:port` of a Temporal server. Default: what Temporal's own settings say, else a server of our own. */
  readonly temporalAddress?: string
  readonly namespace?: string
  /** The store's database: path of an SQLite file, or `postgres://…`. Default `.temporal-a2a/a2a.db`. */
  readonly db?: string
  /**
   * Days after its end that a task is kept, at least 1; then it is removed from the store and from Temporal. Default: for
   * ever. In memory the last 10,000 ended tasks are kept, whatever this says.
   */
  readonly keepTasksDays?: number
  /**
   * At least 32 random bytes, which make task ids and page tokens and encrypt what is secret of webhooks: the same in every
   * process that shares Temporal or the database with this one. Default: made once, and kept beside the database.
   */
  readonly secret?: Uint8Array
  /** PEM; with both, the port speaks TLS. */
  readonly tls?: TlsOptions
  /** Origins whose pages may call, exactly as browsers send them; `*` allows all. Default: none. */
  readonly corsOrigins?: readonly string[]
  /** Host names that requests may be addressed to. Default: on loopback its own names, otherwise all. */
  readonly allowedHosts?: readonly string[]
  /** Refuses requests that speak A2A 1.0 without naming it. Default false. */
  readonly strictVersion?: boolean
  /** The form of agent cards: `v1` (default), `v0.3`, or `hybrid`, one document that is both. */
  readonly card?: CardMode
  /** Private keys (JWK) that sign the agent cards. Default: cards are not signed. */
  readonly cardKeys?: readonly CardKey[]
  /**
   * How callers authenticate: `jwt(…)`, `apiKeys(…)`, a function, or a list of which each is enough. Default: nobody has to,
   * and all callers are the one principal `local`.
   */
  readonly authenticate?: AuthenticationOption
  /** Listens where other machines can reach it although nobody has to authenticate. Default false. */
  readonly allowUnauthenticated?: boolean
  /** How agents at a URL are connected to that `ctx.call` calls: credentials above all. Default: without. */
  readonly connectOptions?: (url: string) => ConnectOptions
  /** Whole numbers; each name carries its unit. What is undefined has its default. */
  readonly limits?: Partial<ServerLimits>
  /** Where webhooks may lead, and what they are told. */
  readonly webhooks?: WebhookSettings
  /** Default: JSON lines on stderr, warnings and errors only. */
  readonly logger?: Logger
  /** While a Temporal server is looked for, downloaded or built. */
  readonly onProgress?: ProgressListener
  readonly signal?: AbortSignal
}

/** A running server with all that was started for it. */
export interface Served {
  readonly port: number
  /** The base of all URLs on the cards. */
  readonly url: string
  /** Address and source of the Temporal server; undefined with the memory engine. */
  readonly temporal: TemporalPlace | undefined
  /** The store's database, without its password; undefined with the memory engine. */
  readonly store: string | undefined
  /** What was delivered to webhooks, and delivering again. */
  readonly webhooks: WebhookLog
  /** Sentences that the operator should read, such as of a secret that others would need too. The log has them as well. */
  readonly warnings: readonly string[]
  /** Stops everything that was started. Safe to call twice. */
  stop(): Promise<void>
}

export const DEFAULT_PORT = 4242
export const DEFAULT_DB = '.temporal-a2a/a2a.db'

/**
 * @throws AgentDefinitionError agents that contradict each other
 * @throws AuthenticationConfigError ways to authenticate that cannot work; none where other machines can reach the server
 * @throws StoreDatabaseError the store's database does not answer, or was written by a newer version
 * @throws TemporalNotFoundError no Temporal server could be found, downloaded or built; the message says what to do
 * @throws TypeError a limit or a setting that is none; the message names it
 */
export async function serve(options: ServeOptions): Promise<Served> {
  const [{ startOneProcess }, { createLogger }] = await Promise.all([
    import('./worker/one-process.js'),
    import('./observe/logger.js'),
  ])
  const { use = [], agents, ...rest } = options
  const running = await startOneProcess({
    ...rest,
    agents: agents.map((source) => withMiddleware(agentDefinition(source), use)),
    port: options.port ?? DEFAULT_PORT,
    db: options.db ?? DEFAULT_DB,
    logger: options.logger ?? createLogger('warn'),
  })
  const { server, temporal, store } = running
  let stopping: Promise<void> | undefined
  return {
    port: server.port,
    url: server.url,
    temporal:
      temporal === undefined
        ? undefined
        : { address: temporal.address, namespace: temporal.namespace, source: temporal.source.detail },
    store,
    webhooks: running.webhooks,
    warnings: running.warnings,
    stop() {
      stopping ??= running.stop()
      return stopping
    },
  }
}
