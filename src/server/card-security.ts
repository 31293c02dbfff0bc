/** What the card of an agent says of security: what this server enforces, and nothing else. */
import type { SecurityRequirementJson, SecuritySchemeJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import type { CardSecurity } from '../agent/agent-card.js'
import { type AgentDefinition, AgentDefinitionError } from '../agent/agent-definition.js'
import type { Authentication } from '../auth/authentication.js'

const NOTHING: CardSecurity = { securitySchemes: {}, securityRequirements: [] }

/**
 * @param auth undefined where nobody has to authenticate: then the agent may declare what something in front of the
 *   server enforces
 * @throws AgentDefinitionError the agent declares what the server does not enforce, or nothing where nobody else does
 */
export function cardSecurity(agent: AgentDefinition, auth: Authentication | undefined): CardSecurity {
  if (auth === undefined) return Object.keys(agent.securitySchemes).length > 0 ? agent : NOTHING
  const schemes = auth.schemes ?? agent.securitySchemes
  const names = Object.keys(schemes)
  const refuse = (what: string): never => {
    throw new AgentDefinitionError(`agent ${JSON.stringify(agent.id)}: ${what}`)
  }
  if (names.length === 0) {
    refuse('the server authenticates callers by a function, so securitySchemes has to say how they do it')
  }
  const foreign = Object.keys(agent.securitySchemes).find((name) => !Object.hasOwn(schemes, name))
  if (foreign !== undefined) {
    refuse(`the server does not enforce the security scheme ${JSON.stringify(foreign)}; it has ${names.join(', ')}`)
  }
  const skills = agent.skills.flatMap(({ securityRequirements = [] }) => securityRequirements)
  for (const requirement of [...agent.securityRequirements, ...skills]) {
    const problem = requirementProblem(requirement, schemes)
    if (problem !== undefined) refuse(problem)
  }
  const anyScheme = names.map((name) => ({ schemes: { [name]: {} } }))
  return {
    securitySchemes: schemes,
    securityRequirements: agent.securityRequirements.length === 0 ? anyScheme : agent.securityRequirements,
  }
}

function requirementProblem(
  { schemes: required = {} }: SecurityRequirementJson,
  schemes: Readonly<Record<string, SecuritySchemeJson>>,
): string | undefined {
  const names = Object.keys(required)
  if (names.length !== 1) return 'each of securityRequirements must name one scheme: a caller shows one credential'
  const unknown = names.find((name) => !Object.hasOwn(schemes, name))
  return unknown === undefined
    ? undefined
    : `security scheme ${JSON.stringify(unknown)} is required, and the server does not enforce it`
}
