/** Agents and an engine as one listening server. Nothing here executes a task. */
import { Code, ConnectError } from '@connectrpc/connect'
import { Health } from '../../gen/grpc/health/v1/health_pb.js'
import { toA2AError } from '../a2a/errors.js'
import { type AgentDefinition, type AgentDirectory, agentDirectory } from '../agent/agent-definition.js'
import { type AuthenticationOption, authentication } from '../auth/authentication.js'
import { A2A_SERVICES } from '../bindings/connect/services.js'
import type { Call } from '../bindings/http/call.js'
import { createJsonRpc } from '../bindings/jsonrpc/handler.js'
import { createRest } from '../bindings/rest/handler.js'
import type { CardMode } from '../card/card-mode.js'
import { type CardKey, cardSigner } from '../card/sign-card.js'
import type { Engine } from '../engine/engine.js'
import { sleep } from '../internal/abort.js'
import type { Logger } from '../internal/logger.js'
import { createRequestHandler } from '../service/request-handler.js'
import type { Webhooks } from '../service/webhooks.js'
import { checkAddresses, DEFAULT_HOST } from './addresses.js'
import { cardSecurity } from './card-security.js'
import { createCards } from './cards.js'
import { createConnectAdapter } from './connect-adapter.js'
import { requireSafeExposure } from './exposure.js'
import { createGate, openGate } from './gate.js'
import { healthRoutes } from './grpc-health.js'
import { reflectionRoutes } from './grpc-reflection.js'
import { createHealthPages } from './health.js'
import { checkLimits, type ServerLimits } from './limits.js'
import { createListener, type TlsOptions } from './listener.js'
import { OpenRequests } from './open-requests.js'
import { hostName, isLoopback } from './origins.js'
import { createRateLimiter } from './rate-limiter.js'
import { createRouter, hint } from './router.js'
import { createSecrets } from './secrets.js'

/** What is served, on which engine, and how it listens. */
export interface ServerOptions {
  readonly agents: readonly AgentDefinition[]
  readonly engine: Engine
  readonly logger: Logger
  /** 0 lets the system choose. */
  readonly port: number
  /** Address to listen on. Default `127.0.0.1`: only this machine. */
  readonly host?: string
  /** How clients reach the server, such as `https://agents.example`. Default: host and port. */
  readonly publicUrl?: string
  /** What the cards name as the address of gRPC. Default: host and port of `publicUrl`, as gRPC clients take it. */
  readonly publicGrpcUrl?: string
  /** At least 32 bytes, the same on every gateway; makes ids and page tokens. */
  readonly secret: Uint8Array
  readonly tls?: TlsOptions
  /** Origins whose pages may call, exactly as browsers send them; `*` allows all. Default: none. */
  readonly corsOrigins?: readonly string[]
  /** Host names that requests may be addressed to. Default: on loopback its own names, otherwise all. */
  readonly allowedHosts?: readonly string[]
  /** Refuses requests that speak 1.0 without naming it. Default false. */
  readonly strictVersion?: boolean
  /** The form of agent cards. Default `v1`. */
  readonly card?: CardMode
  /** Private keys that sign the cards, each with a signature of its own. Default: cards are not signed. */
  readonly cardKeys?: readonly CardKey[]
  /**
   * How callers authenticate: each way alone is enough; on the cards too. Default: nobody has to, and all callers are the
   * one principal `local`.
   */
  readonly authenticate?: AuthenticationOption
  /** Listens where other machines can reach it although nobody has to authenticate. Default false. */
  readonly allowUnauthenticated?: boolean
  readonly limits?: Partial<ServerLimits>
  /** Where webhooks are kept. Default: there are none, and no card says that there are. */
  readonly webhooks?: Webhooks
}

/** A listening server. */
export interface Server {
  readonly port: number
  /** The base of all URLs on the cards, without a slash at the end. */
  readonly url: string
  /** Ends streams so that they can be resumed, answers what is running, closes. Does not close the engine. */
  stop(): Promise<void>
}

/**
 * @throws AuthenticationConfigError ways to authenticate that cannot work; none where other machines can reach the server
 * @throws TypeError a limit or an address that is none
 * @throws when the port cannot be listened on, or agents contradict each other
 */
export async function createServer(options: ServerOptions): Promise<Server> {
  const { engine, logger } = options
  const host = options.host ?? DEFAULT_HOST
  const limits = checkLimits(options.limits)
  checkAddresses(options)
  const { webhooks } = options
  const agents = agentDirectory(webhooks === undefined ? options.agents.map(withoutPush) : options.agents)
  requireSafeExposure(options)
  const auth = options.authenticate === undefined ? undefined : authentication(options.authenticate)
  for (const agent of agents.values()) cardSecurity(agent, auth)
  await auth?.prepare(logger)
  if (auth === undefined) warnOfWhatNobodyEnforces(agents, options)
  const requests = new OpenRequests()
  const shutdown = new AbortController()
  let stopping = false
  const ready = () => !stopping && engine.ready()
  const signers = await Promise.all((options.cardKeys ?? []).map(cardSigner))
  const cards = createCards()
  const handler = createRequestHandler({
    engine,
    agents,
    limits,
    secrets: createSecrets(options.secret),
    extendedCards: cards.extended,
    rateLimiter: createRateLimiter(agents, limits),
    logger,
    webhooks,
  })
  const strictVersion = options.strictVersion ?? false
  const onError = (thrown: unknown, call: Call) => {
    const error = toA2AError(thrown)
    const fields = { agentId: call.agent.id, reason: error.reason, path: call.path }
    if (error.reason === 'INTERNAL') logger.error({ ...fields, err: error.cause ?? error }, 'request failed')
    else logger.debug({ ...fields, err: error.cause }, 'request refused')
  }
  const connect = createConnectAdapter({
    handler,
    limits,
    strictVersion,
    shutdownSignal: shutdown.signal,
    onError,
    onTransportError: (error) => logger.error({ err: error }, 'connect transport failed'),
    routes(router) {
      healthRoutes(router, { services: A2A_SERVICES.map(({ typeName }) => typeName), ready, limits })
      reflectionRoutes(router, [...A2A_SERVICES, Health])
    },
  })
  const listener = createListener({
    limits,
    ...(options.tls === undefined ? {} : { tls: options.tls }),
    handle: createRouter({
      agents,
      cards,
      connect,
      jsonrpc: createJsonRpc({ handler, limits, strictVersion, onError }),
      rest: createRest({ handler, limits, strictVersion, onError, hint }),
      health: createHealthPages(ready),
      origins: {
        allowedHosts: allowedHosts(options, host),
        corsOrigins: options.corsOrigins ?? [],
        credentialHeaders: auth?.headers ?? [],
      },
      gate: auth === undefined ? openGate : createGate(auth, { logger, authenticateMs: limits.authenticateMs }),
      signalFor: (res) => requests.signalFor(res),
      onError: (error) => logger.error({ err: error }, 'request failed outside of a binding'),
    }),
  })
  const port = await listener.listen(options.port, host)
  const url = (options.publicUrl ?? defaultUrl(host, port, options.tls !== undefined)).replace(/\/+$/, '')
  await cards.make(agents, { url, grpcUrl: options.publicGrpcUrl, mode: options.card ?? 'v1', signers, auth })
  return {
    port,
    url,
    async stop() {
      stopping = true
      // Balancers learn it from the readiness page, and send their requests elsewhere before anything is closed.
      await sleep(limits.lameDuckMs)
      shutdown.abort(new ConnectError('the server is stopping', Code.Unavailable))
      listener.stopAccepting()
      requests.stop()
      await requests.idle(limits.drainMs)
      await listener.close()
    },
  }
}

function withoutPush(agent: AgentDefinition): AgentDefinition {
  return agent.pushNotifications ? { ...agent, pushNotifications: false } : agent
}

/** Cards that promise what is not kept, unless something in front of the server keeps it. */
function warnOfWhatNobodyEnforces(agents: AgentDirectory, { logger, allowUnauthenticated }: ServerOptions): void {
  if (allowUnauthenticated === true) return
  for (const { id, securitySchemes, hasExtendedCard } of agents.values()) {
    const what = Object.keys(securitySchemes).length > 0 ? 'security schemes' : 'an extended card'
    if (what === 'an extended card' && !hasExtendedCard) continue
    logger.warn({ agentId: id }, `the agent declares ${what}, and this server authenticates nobody`)
  }
}

function defaultUrl(host: string, port: number, secure: boolean): string {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host
  return `${secure ? 'https' : 'http'}://${name}:${port}`
}

function allowedHosts({ allowedHosts: given, publicUrl }: ServerOptions, host: string): readonly string[] | undefined {
  if (given !== undefined) return given.map((name) => name.toLowerCase())
  if (!isLoopback(host)) return undefined
  const own = publicUrl === undefined ? [] : [hostName(new URL(publicUrl).host)]
  return ['localhost', '127.0.0.1', '::1', host, ...own]
}
