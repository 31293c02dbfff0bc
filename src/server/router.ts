/** Which agent and which binding a request is for. */
import { GRPC_CODES, WIRE_CODES } from '../a2a/error-codes.js'
import { errorDetails } from '../a2a/error-details.js'
import { A2AError, type A2AErrorReason, toA2AError } from '../a2a/errors.js'
import { type AgentDefinition, type AgentDirectory, defaultAgent } from '../agent/agent-definition.js'
import { CARD_PATH } from '../bindings/card/forms.js'
import { answerCard } from '../bindings/card/handler.js'
import type { Call } from '../bindings/http/call.js'
import {
  contentType,
  type HttpRequest,
  type HttpResponse,
  isJsonType,
  PRIVATE_HEADERS,
  reply,
} from '../bindings/http/exchange.js'
import { errorText } from '../bindings/jsonrpc/errors.js'
import { refuseJsonRpc } from '../bindings/jsonrpc/handler.js'
import { refuseRest } from '../bindings/rest/handler.js'
import { OLD_PATH } from '../bindings/versions.js'
import { LOCAL_CALLER } from '../service/call-context.js'
import type { Cards } from './cards.js'
import type { ConnectAdapter } from './connect-adapter.js'
import type { Gate } from './gate.js'
import { HEALTH_PATHS } from './grpc-health.js'
import type { HealthPages } from './health.js'
import { leaveBody } from './listener.js'
import { checkOrigin, type OriginOptions } from './origins.js'

type Binding = (req: HttpRequest, res: HttpResponse, call: Call) => Promise<void>

export interface RouterOptions {
  readonly agents: AgentDirectory
  readonly cards: Cards
  readonly jsonrpc: Binding
  readonly rest: Binding
  readonly connect: ConnectAdapter
  readonly health: HealthPages
  readonly gate: Gate
  readonly origins: OriginOptions
  /** A signal that aborts when the peer has gone or the server stops. */
  signalFor(res: HttpResponse): AbortSignal
  /** A failure that no binding has answered. */
  onError(error: unknown): void
}

const NO_QUERY = new URLSearchParams()
const AGENT_PATH = /^\/agents\/([^/]+)(\/.*)?$/

export function createRouter(options: RouterOptions): (req: HttpRequest, res: HttpResponse) => void {
  const root = defaultAgent(options.agents)

  return (req, res) => {
    res.on('error', ignore)
    res.on('finish', onFinish)
    route(req, res).catch((error: unknown) => {
      options.onError(error)
      reply(res, 500, PRIVATE_HEADERS)
      if (!res.writableEnded) res.destroy()
    })
  }

  async function route(req: HttpRequest, res: HttpResponse): Promise<void> {
    switch (checkOrigin(req, res, options.origins)) {
      case 'preflight':
        return reply(res, 204, {})
      case 'wrong host':
        return refuse(res, 421, 'This server does not answer to that host name; see the option allowedHosts')
      case 'wrong origin':
        return refuse(res, 403, 'This origin may not call here; see the option corsOrigins')
      default:
    }
    const target = parseTarget(req.url ?? '/')
    if (target === undefined) return refuse(res, 400, 'The path is not valid')
    if (options.health.answer(req, res, target.path)) return
    const place = locate(target.path)
    const card = place === undefined ? undefined : options.cards.at(place.agent.id, place.path)
    if (card !== undefined) {
      if (req.method === 'GET' || req.method === 'HEAD') return answerCard(req, res, card)
      return refuse(res, 405, 'The agent card is read with GET', { allow: 'GET, HEAD' })
    }
    const signal = options.signalFor(res)
    let caller = LOCAL_CALLER
    try {
      // Probes have no credentials, and learn nothing but whether the server is ready.
      if (place === undefined || !HEALTH_PATHS.has(place.path)) caller = await options.gate(req, target.path, signal)
    } catch (thrown) {
      return refuseCaller(req, res, place?.path ?? target.path, toA2AError(thrown))
    }
    if (place === undefined) return refuseAgent(req, res, target.path)
    const { agent, agentFixed, path } = place
    const call: Call = { agent, agentFixed, path, query: target.query, caller, signal }
    if (options.connect.has(path)) return options.connect.handle(req, res, call)
    if (contentType(req).startsWith('application/grpc')) {
      return refuseGrpc(res, contentType(req), new A2AError('METHOD_NOT_FOUND', 'Method not found'))
    }
    if (isEndpoint(path)) return jsonrpc(req, res, call)
    return options.rest(req, res, call)
  }

  /** In the words of the binding that would have answered; the body is not read. */
  function refuseCaller(req: HttpRequest, res: HttpResponse, path: string, error: A2AError): void {
    if (options.connect.refuse(req, res, path, error)) return
    if (contentType(req).startsWith('application/grpc')) refuseGrpc(res, contentType(req), error)
    else if (isEndpoint(path) && req.method === 'POST') refuseJsonRpc(res, error)
    else refuseRest(req, res, path, error)
  }

  /** The endpoint itself: JSON-RPC is a POST, anything else is somebody who looks around. */
  async function jsonrpc(req: HttpRequest, res: HttpResponse, call: Call): Promise<void> {
    if (req.method === 'POST') return options.jsonrpc(req, res, call)
    refuse(res, 405, `This is an A2A endpoint: POST JSON-RPC to it. ${hint(call)}`, { allow: 'POST' })
  }

  function locate(path: string): { agent: AgentDefinition; agentFixed: boolean; path: string } | undefined {
    const match = AGENT_PATH.exec(path)
    if (match === null) return { agent: root, agentFixed: false, path }
    const agent = options.agents.get(match[1] ?? '')
    return agent === undefined ? undefined : { agent, agentFixed: true, path: match[2] ?? '/' }
  }

  /** In the form of the wire that asks: who speaks JSON-RPC to an address looks for an error object of JSON-RPC there. */
  function refuseAgent(req: HttpRequest, res: HttpResponse, path: string): void {
    const error = new A2AError('METHOD_NOT_FOUND', `No such agent; the agents are ${agentPaths()}`)
    const mediaType = contentType(req)
    const endpoint = req.method === 'POST' && isEndpoint(AGENT_PATH.exec(path)?.[2] ?? '/')
    if (mediaType.startsWith('application/grpc')) {
      refuseGrpc(res, mediaType, error)
    } else if (endpoint && isJsonType(mediaType)) {
      const text = errorText(null, error)
      reply(res, 404, { ...PRIVATE_HEADERS, 'content-type': 'application/json' }, text)
    } else {
      refuse(res, 404, error.message)
    }
  }

  function agentPaths(): string {
    return [...options.agents.keys()].map((id) => `/agents/${id}`).join(', ')
  }
}

function ignore(): void {}

function onFinish(this: HttpResponse): void {
  leaveBody(this.req)
}

/** Where somebody who is lost finds the way. */
export function hint({ agent }: Pick<Call, 'agent'>): string {
  return `The agent card is at /agents/${agent.id}${CARD_PATH}`
}

/** Undefined for a path that is not absolute, or tries to leave its place. */
function parseTarget(url: string): { path: string; query: URLSearchParams } | undefined {
  if (!url.startsWith('/') || url.includes('#')) return undefined
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  if (path.includes('//') || /(?:^|\/)\.\.?(?:\/|$)/.test(path)) return undefined
  const trimmed = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
  return { path: trimmed, query: mark < 0 ? NO_QUERY : new URLSearchParams(url.slice(mark + 1)) }
}

/** What an HTTP status that is given before any binding is known is called elsewhere. */
const REASONS: Readonly<Record<number, A2AErrorReason>> = {
  400: 'INVALID_REQUEST',
  403: 'PERMISSION_DENIED',
  404: 'METHOD_NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  421: 'INVALID_REQUEST',
}

/** Where JSON-RPC is spoken, below an agent and at the root. */
function isEndpoint(path: string): boolean {
  return path === '/' || path === OLD_PATH
}

/** A gRPC client looks at trailers only, so a caller of an unknown method is told in its own words. */
function refuseGrpc(res: HttpResponse, mediaType: string, { reason, message }: A2AError): void {
  const { grpc } = WIRE_CODES[reason]
  const status = { 'grpc-status': String(GRPC_CODES[grpc]), 'grpc-message': encodeURI(message) }
  reply(res, 200, { ...PRIVATE_HEADERS, 'content-type': mediaType, ...status })
}

/** An answer before any binding is known, in the form of REST. */
function refuse(res: HttpResponse, code: number, message: string, headers: Record<string, string> = {}): void {
  const error = new A2AError(REASONS[code] ?? 'INVALID_REQUEST', message)
  const { grpc } = WIRE_CODES[error.reason]
  const body = JSON.stringify({ error: { code, status: grpc, message, details: errorDetails(error) } })
  reply(res, code, { ...PRIVATE_HEADERS, 'content-type': 'application/json', ...headers }, body)
}
