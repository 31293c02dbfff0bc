/** The public card of an agent: its definition and the interfaces it is served on (A2A section 4.4.1). */
import type { AgentCardJson, AgentExtensionJson, AgentInterfaceJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { CURSOR_EXTENSION } from '../a2a/cursor-text.js'
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

/** @param interfaces in the order of preference */
export function agentCard(agent: AgentDefinition, interfaces: readonly AgentInterfaceJson[]): AgentCardJson {
  const { securitySchemes, securityRequirements } = agent
  const extensions = cardExtensions(agent)
  return {
    name: agent.name,
    description: agent.description,
    supportedInterfaces: [...interfaces],
    ...(agent.provider === undefined ? {} : { provider: agent.provider }),
    version: agent.version,
    ...(agent.documentationUrl === undefined ? {} : { documentationUrl: agent.documentationUrl }),
    capabilities: {
      streaming: agent.streaming,
      pushNotifications: false,
      extendedAgentCard: agent.hasExtendedCard,
      ...(extensions.length === 0 ? {} : { extensions }),
    },
    ...(Object.keys(securitySchemes).length === 0 ? {} : { securitySchemes: { ...securitySchemes } }),
    ...(securityRequirements.length === 0 ? {} : { securityRequirements: [...securityRequirements] }),
    defaultInputModes: [...agent.inputModes],
    defaultOutputModes: [...agent.outputModes],
    skills: [...agent.skills],
    ...(agent.iconUrl === undefined ? {} : { iconUrl: agent.iconUrl }),
  }
}

/** The card for authenticated callers (A2A section 3.1.11); undefined when there is none. */
export function extendedAgentCard(agent: AgentDefinition, publicCard: AgentCardJson): AgentCardJson | undefined {
  if (!agent.hasExtendedCard || agent.extendedCard === undefined) return undefined
  const { skills, ...rest } = agent.extendedCard
  const { signatures: _, ...card } = publicCard
  return { ...card, ...rest, ...(skills === undefined ? {} : { skills: skillList(skills).map(skillOnCard) }) }
}
