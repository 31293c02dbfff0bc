/** The cards of all agents, made once: where each agent is reached is known as soon as the server listens. */
import type { AgentInterfaceJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { agentCard, extendedAgentCard } from '../agent/agent-card.js'
import { type AgentDefinition, type AgentDirectory, defaultAgent } from '../agent/agent-definition.js'
import type { Authentication } from '../auth/authentication.js'
import { cardsByPath, signedCard } from '../bindings/card/forms.js'
import { type ServedCard, servedCard } from '../bindings/card/handler.js'
import { OLD_PATH } from '../bindings/versions.js'
import type { CardMode } from '../card/card-mode.js'
import type { CardSigner } from '../card/sign-card.js'
import type { ExtendedCards } from '../service/extended-card.js'
import { cardSecurity } from './card-security.js'

export interface Cards {
  /** @param path relative to the agent's base */
  at(agentId: string, path: string): ServedCard | undefined
  readonly extended: ExtendedCards
  make(agents: AgentDirectory, options: CardOptions): Promise<void>
}

export interface CardOptions {
  /** The base of all URLs. */
  readonly url: string
  /** Where gRPC is reached. Default: host and port of `url`. */
  readonly grpcUrl: string | undefined
  readonly mode: CardMode
  readonly signers: readonly CardSigner[]
  /** How callers authenticate; undefined where nobody has to. */
  readonly auth: Authentication | undefined
}

export function createCards(): Cards {
  const served = new Map<string, ReadonlyMap<string, ServedCard>>()
  const extended = new Map<string, ExtendedCards>()
  return {
    at(agentId, path) {
      const cards = served.get(agentId)
      return cards?.get(path) ?? (path.startsWith(`${OLD_PATH}/`) ? cards?.get(path.slice(OLD_PATH.length)) : undefined)
    },
    extended: async (agent, caller) => extended.get(agent.id)?.(agent, caller),
    async make(agents, { url, grpcUrl, mode, signers, auth }) {
      const since = new Date()
      const at = { url, grpcUrl: grpcUrl ?? hostAndPort(url) }
      for (const agent of agents.values()) {
        const card = agentCard(agent, interfaces(agent, at, agent === defaultAgent(agents)), cardSecurity(agent, auth))
        const forms = await cardsByPath(card, mode, signers)
        served.set(agent.id, new Map([...forms].map(([path, form]) => [path, servedCard(form, since)])))
        extended.set(agent.id, async (_, caller) => {
          const more = await extendedAgentCard(agent, card, caller)
          return more === undefined ? undefined : signedCard(more, signers)
        })
      }
    },
  }
}

/**
 * In the order of preference, the newest version first.
 *
 * @param isDefault the agent answers at the root: before 1.0 no other could be reached over gRPC, which has no path
 */
function interfaces(
  { id }: AgentDefinition,
  { url, grpcUrl }: { readonly url: string; readonly grpcUrl: string },
  isDefault: boolean,
): AgentInterfaceJson[] {
  const grpc = { url: grpcUrl, protocolBinding: 'GRPC' }
  const jsonrpc = { url: `${url}/agents/${id}`, protocolBinding: 'JSONRPC' }
  const rest = { url: `${url}/agents/${id}`, protocolBinding: 'HTTP+JSON' }
  return [
    { ...jsonrpc, protocolVersion: '1.0' },
    { ...grpc, tenant: id, protocolVersion: '1.0' },
    { ...rest, protocolVersion: '1.0' },
    { ...jsonrpc, protocolVersion: '0.3' },
    ...(isDefault ? [{ ...grpc, protocolVersion: '0.3' }] : []),
    { ...rest, protocolVersion: '0.3' },
    { ...jsonrpc, url: `${jsonrpc.url}${OLD_PATH}`, protocolVersion: '0.2' },
  ]
}

/** As gRPC clients take it, whatever their version: without a scheme (A2A, comment on AgentInterface). */
function hostAndPort(url: string): string {
  const { host, protocol, port } = new URL(url)
  return port === '' ? `${host}${protocol === 'https:' ? ':443' : ':80'}` : host
}
