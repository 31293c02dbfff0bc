/** GetExtendedAgentCard (A2A section 3.1.11). */
import type { AgentCardJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { A2AError } from '../a2a/errors.js'
import type { Caller } from '../agent/agent-context.js'
import type { AgentDefinition } from '../agent/agent-definition.js'
import type { CallContext } from './call-context.js'

/** The card of an agent for this caller, signed where cards are; undefined when it has none. */
export type ExtendedCards = (agent: AgentDefinition, caller: Caller) => Promise<AgentCardJson | undefined>

/**
 * @throws A2AError UNSUPPORTED_OPERATION the agent declares no such card
 * @throws A2AError UNAUTHENTICATED nobody gets it without a name
 * @throws A2AError EXTENDED_AGENT_CARD_NOT_CONFIGURED it is declared, and nothing more
 */
export async function getExtendedAgentCard(cards: ExtendedCards, ctx: CallContext): Promise<AgentCardJson> {
  const { agent, principal, tenant, roles = [], credential } = ctx
  if (!agent.hasExtendedCard) throw new A2AError('UNSUPPORTED_OPERATION', `Agent ${agent.id} has no extended card`)
  if (credential === undefined) {
    throw new A2AError('UNAUTHENTICATED', 'The extended card is for authenticated callers, and this server knows none')
  }
  const card = await cards(agent, { principal, tenant, roles })
  if (card !== undefined) return card
  throw new A2AError('EXTENDED_AGENT_CARD_NOT_CONFIGURED', `The extended card of agent ${agent.id} is not configured`)
}
