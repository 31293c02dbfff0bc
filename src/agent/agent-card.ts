/** The public card of an agent: its definition and the interfaces it is served on (A2A section 4.4.1). */
import type {
  AgentCardJson,
  AgentExtensionJson,
  AgentInterfaceJson,
  SecurityRequirementJson,
  SecuritySchemeJson,
} from '../../gen/lf/a2a/v1/a2a_pb.js'
import { CURSOR_EXTENSION } from '../a2a/cursor-text.js'
import type { Caller } from './agent-context.js'
import type { AgentDefinition } from './agent-definition.js'
import { skillList, skillOnCard } from './skills.js'

const CURSOR_DECLARATION: AgentExtensionJson = {
  uri: CURSOR_EXTENSION,
  description:
    'Every event of a stream carries a cursor in its metadata, under this URI. Given back as Last-Event-ID (HTTP header or gRPC metadata) with SubscribeToTask, it resumes the stream after that event.',
}

/** The agent's own extensions, and those that its streams have. */
export function cardExtensions({ extensions, streaming, answers }: AgentDefinition): AgentExtensionJson[] {
  const resumable = streaming && answers !== 'message'
  return resumable ? [...extensions.filter(({ uri }) => uri !== CURSOR_EXTENSION), CURSOR_DECLARATION] : [...extensions]
}

/** How callers authenticate, and which of it is needed. */
export interface CardSecurity {
  readonly securitySchemes: Readonly<Record<string, SecuritySchemeJson>>
  readonly securityRequirements: readonly SecurityRequirementJson[]
}

/**
 * @param interfaces in the order of preference
 * @param security what is enforced. Default: what the agent declares
 */
export function agentCard(
  agent: AgentDefinition,
  interfaces: readonly AgentInterfaceJson[],
  { securitySchemes, securityRequirements }: CardSecurity = agent,
): AgentCardJson {
  const extensions = cardExtensions(agent)
  const declared = Object.keys(securitySchemes).length > 0
  return {
    name: agent.name,
    description: agent.description,
    supportedInterfaces: [...interfaces],
    ...(agent.provider === undefined ? {} : { provider: agent.provider }),
    version: agent.version,
    ...(agent.documentationUrl === undefined ? {} : { documentationUrl: agent.documentationUrl }),
    capabilities: {
      streaming: agent.streaming,
      pushNotifications: agent.pushNotifications,
      extendedAgentCard: agent.hasExtendedCard,
      ...(extensions.length === 0 ? {} : { extensions }),
    },
    ...(declared ? { securitySchemes: { ...securitySchemes } } : {}),
    ...(securityRequirements.length === 0 ? {} : { securityRequirements: [...securityRequirements] }),
    defaultInputModes: [...agent.inputModes],
    defaultOutputModes: [...agent.outputModes],
    skills: declared ? [...agent.skills] : agent.skills.map(({ securityRequirements: _, ...skill }) => skill),
    ...(agent.iconUrl === undefined ? {} : { iconUrl: agent.iconUrl }),
  }
}

/** The card for an authenticated caller (A2A section 3.1.11); undefined when there is none. */
export async function extendedAgentCard(
  { hasExtendedCard, extendedCard: given }: AgentDefinition,
  publicCard: AgentCardJson,
  caller: Caller,
): Promise<AgentCardJson | undefined> {
  const extended = typeof given === 'function' ? await given(caller) : given
  if (!hasExtendedCard || extended === undefined) return undefined
  const { skills, ...rest } = extended
  const { signatures: _, ...card } = publicCard
  return { ...card, ...rest, ...(skills === undefined ? {} : { skills: skillList(skills).map(skillOnCard) }) }
}
