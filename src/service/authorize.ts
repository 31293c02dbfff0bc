/** Whether a caller may use an agent at all: the scopes that the agent and its skills require. */
import type { SecurityRequirementJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { A2AError } from '../a2a/errors.js'
import type { AgentDefinition } from '../agent/agent-definition.js'
import type { CallContext, Credential } from './call-context.js'

/**
 * @param skill that the request names
 * @throws A2AError PERMISSION_DENIED
 */
export function authorize(agent: AgentDefinition, { credential }: CallContext, skill: string | undefined): void {
  // Where nobody authenticates, requirements are for what is in front of the server.
  if (credential === undefined) return
  const ofSkill = skill === undefined ? undefined : agent.skills.find(({ id }) => id === skill)
  for (const required of [agent.securityRequirements, ofSkill?.securityRequirements ?? []]) {
    if (required.length === 0 || required.some((each) => meets(each, credential))) continue
    throw new A2AError('PERMISSION_DENIED', `The credential is not good for what was asked of agent ${agent.id}`, {
      metadata: { required: required.map(text).join(' or ') },
    })
  }
}

function meets({ schemes: required = {} }: SecurityRequirementJson, { schemes, scopes }: Credential): boolean {
  return Object.entries(required).every(
    ([name, { list = [] }]) => schemes?.includes(name) !== false && list.every((scope) => scopes.includes(scope)),
  )
}

function text({ schemes = {} }: SecurityRequirementJson): string {
  return Object.entries(schemes)
    .map(([name, { list = [] }]) => [name, ...list].join(' '))
    .join(' and ')
}
