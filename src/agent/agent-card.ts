/** The public card of an agent: its definition and the interfaces it is served on (A2A section 4.4.1). */
import type { AgentCardJson, AgentExtensionJson, AgentInterfaceJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { CURSOR_EXTENSION } from '../a2a/cursor-text.js'
import type { AgentDefinition } from './agent-definition.js'

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
      extendedAgentCard: false,
      ...(cardExtensions(agent).length === 0 ? {} : { extensions: cardExtensions(agent) }),
    },
    defaultInputModes: [...agent.inputModes],
    defaultOutputModes: [...agent.outputModes],
    skills: [...agent.skills],
    ...(agent.iconUrl === undefined ? {} : { iconUrl: agent.iconUrl }),
  }
}
