/** What an author may say of security and of the card for authenticated callers, and what cannot be right about it. */
import type { SecurityRequirementJson, SecuritySchemeJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import type { Caller } from './agent-context.js'
import type { AgentMeta } from './agent-definition.js'
import { type SkillMeta, type Skills, skillList } from './skills.js'

/** What is not given is as on the public card. Handlers of its skills are not looked at. */
export interface ExtendedCard {
  readonly name?: string
  readonly description?: string
  readonly version?: string
  readonly documentationUrl?: string
  readonly skills?: Skills
}

/** What this caller may know; undefined for a caller to whom there is nothing more to say. */
export type ExtendedCardFor = (caller: Caller) => ExtendedCard | undefined | Promise<ExtendedCard | undefined>

const KINDS = [
  'apiKeySecurityScheme',
  'httpAuthSecurityScheme',
  'oauth2SecurityScheme',
  'openIdConnectSecurityScheme',
  'mtlsSecurityScheme',
] as const satisfies readonly (keyof SecuritySchemeJson)[]

/** Undefined when nothing is wrong. */
export function cardMetaProblem(meta: AgentMeta, skills: readonly SkillMeta[]): string | undefined {
  const schemes = meta.securitySchemes ?? {}
  for (const [name, scheme] of Object.entries(schemes)) {
    if (KINDS.filter((kind) => scheme[kind] !== undefined).length === 1) continue
    return `security scheme ${JSON.stringify(name)} must have exactly one of ${KINDS.join(', ')}`
  }
  const extended = typeof meta.extendedCard === 'function' ? [] : skillList(meta.extendedCard?.skills)
  const unknown = [meta, ...skills, ...extended].flatMap((each) =>
    unknownSchemes(each.securityRequirements, schemes),
  )[0]
  // An agent that declares no schemes has those of its server.
  if (unknown !== undefined && meta.securitySchemes !== undefined) {
    return `security scheme ${JSON.stringify(unknown)} is required and not in securitySchemes`
  }
  if (meta.extendedCard !== undefined && meta.capabilities?.extendedCard === false) {
    return 'extendedCard is given, but capabilities.extendedCard is false'
  }
  return undefined
}

function unknownSchemes(
  requirements: readonly SecurityRequirementJson[] | undefined,
  schemes: Readonly<Record<string, SecuritySchemeJson>>,
): string[] {
  return (requirements ?? [])
    .flatMap((each) => Object.keys(each.schemes ?? {}))
    .filter((name) => !Object.hasOwn(schemes, name))
}
