/** GetExtendedAgentCard (A2A section 3.1.11). */
import type { AgentCardJson, SecuritySchemeJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { A2AError } from '../a2a/errors.js'
import type { AgentDefinition } from '../agent/agent-definition.js'
import { type CallContext, LOCAL_PRINCIPAL } from './call-context.js'

/** The card of an agent for authenticated callers, signed where cards are; undefined when it has none. */
export type ExtendedCards = (agent: AgentDefinition) => AgentCardJson | undefined

/**
 * @throws A2AError UNSUPPORTED_OPERATION the agent declares no such card
 * @throws A2AError UNAUTHENTICATED nobody gets it without a name
 * @throws A2AError EXTENDED_AGENT_CARD_NOT_CONFIGURED it is declared, and nothing more
 */
export function getExtendedAgentCard(cards: ExtendedCards, { agent, principal }: CallContext): AgentCardJson {
  if (!agent.hasExtendedCard) throw new A2AError('UNSUPPORTED_OPERATION', `Agent ${agent.id} has no extended card`)
  if (principal === LOCAL_PRINCIPAL) {
    throw new A2AError('UNAUTHENTICATED', 'The extended card is for authenticated callers; the public card says how', {
      metadata: { challenge: challengeOf(Object.values(agent.securitySchemes)) },
    })
  }
  const card = cards(agent)
  if (card !== undefined) return card
  throw new A2AError('EXTENDED_AGENT_CARD_NOT_CONFIGURED', `The extended card of agent ${agent.id} is not configured`)
}

/** For the header WWW-Authenticate: the HTTP scheme that the agent declares, and Bearer for what OAuth gives out. */
function challengeOf(schemes: readonly SecuritySchemeJson[]): string {
  return schemes.map(({ httpAuthSecurityScheme }) => httpAuthSecurityScheme?.scheme).find((name) => name) ?? 'Bearer'
}
