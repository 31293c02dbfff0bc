/** The public card of an agent: its definition and the interfaces it is served on (A2A section 4.4.1). */
import type { AgentCardJson, AgentInterfaceJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import type { AgentDefinition } from './agent-definition.js'

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
      ...(agent.extensions.length === 0 ? {} : { extensions: [...agent.extensions] }),
    },
    defaultInputModes: [...agent.inputModes],
    defaultOutputModes: [...agent.outputModes],
    skills: [...agent.skills],
    ...(agent.iconUrl === undefined ? {} : { iconUrl: agent.iconUrl }),
  }
}
