/** Skills of an agent: what its card says of them, and which handler a message reaches (A2A section 4.4.5). */
import type { AgentSkillJson, MessageJson, SecurityRequirementJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { invalidParams } from '../a2a/errors.js'
import type { AgentContext } from './agent-context.js'
import type { AgentDefinition, Handler } from './agent-definition.js'
import type { StateOption } from './agent-state.js'
import { illegal } from './handler-results.js'
import { historyProblem, limitHistory, mostMessages } from './limit-history.js'
import type { RateLimitMeta } from './rate-limits.js'

/** A skill, and what handles the messages that name it. The parameter is the type of the agent's `state`. */
export interface SkillOptions<Option extends StateOption | undefined = undefined> {
  readonly name?: string
  readonly description?: string
  /** Default: its id. */
  readonly tags?: readonly string[]
  readonly examples?: readonly string[]
  readonly inputModes?: readonly string[]
  readonly outputModes?: readonly string[]
  /** Which of the agent's security schemes this skill needs; on the card. */
  readonly securityRequirements?: readonly SecurityRequirementJson[]
  /** Handles the messages that name this skill. Default: the agent's own handler does. */
  readonly handler?: Handler<AgentContext<Option>>
  /** How many of the latest earlier messages `ctx.history` holds for this handler; Infinity: all. Default: what the agent says, else all. */
  readonly history?: number
  /** Limits for the messages that name this skill, besides those of the agent. */
  readonly rateLimits?: RateLimitMeta | readonly RateLimitMeta[]
}

/** A skill as the card shows it (A2A 1.0, section 4.4.5). */
export interface SkillMeta<Option extends StateOption | undefined = undefined> extends SkillOptions<Option> {
  readonly id: string
}

/** A list, or an object whose keys are the ids. */
export type Skills<Option extends StateOption | undefined = undefined> =
  | readonly SkillMeta<Option>[]
  | Readonly<Record<string, SkillOptions<Option>>>

/** The key of a message's metadata that names the skill the message is for. */
export const SKILL_METADATA = 'skill'

export function skillList(skills: Skills | undefined): readonly SkillMeta[] {
  if (skills === undefined) return []
  return isList(skills) ? skills : Object.entries(skills).map(([id, skill]) => ({ ...skill, id }))
}

/** The skill as the card shows it. What is required is not empty: other libraries sign and verify cards without it. */
export function skillOnCard(skill: SkillMeta): AgentSkillJson {
  const name = skill.name || skill.id
  return {
    id: skill.id,
    name,
    description: skill.description || name,
    tags: skill.tags === undefined || skill.tags.length === 0 ? [skill.id] : [...skill.tags],
    ...(skill.examples === undefined ? {} : { examples: [...skill.examples] }),
    ...(skill.inputModes === undefined ? {} : { inputModes: [...skill.inputModes] }),
    ...(skill.outputModes === undefined ? {} : { outputModes: [...skill.outputModes] }),
    ...(skill.securityRequirements === undefined ? {} : { securityRequirements: [...skill.securityRequirements] }),
  }
}

/** What cannot be right about a list of skills; undefined when nothing is wrong. */
export function skillsProblem(skills: readonly SkillMeta[]): string | undefined {
  for (const [index, skill] of skills.entries()) {
    const { id, handler, history } = skill
    if (typeof id !== 'string' || id === '') return `skill ${index + 1} of the list needs an id, a string`
    const name = JSON.stringify(id)
    if (skills.findIndex((other) => other.id === id) !== index) return `two skills have the id ${name}`
    if (handler !== undefined && typeof handler !== 'function') {
      return `the handler of skill ${name} must be a function or an async generator function, not ${typeof handler}`
    }
    const badHistory = historyProblem(history, ` of skill ${name}`)
    if (badHistory !== undefined) return badHistory
  }
  return undefined
}

/**
 * One handler out of those of the skills and the agent's own.
 *
 * @param own undefined: every message has to name a skill that has a handler
 */
export function routeSkills(
  agentId: string,
  skills: readonly SkillMeta[],
  own: Handler | undefined,
  history: number | undefined,
): Handler {
  const handlers = new Map<string, Handler>()
  for (const skill of skills) {
    if (skill.handler !== undefined) handlers.set(skill.id, limitHistory(skill.handler, skill.history ?? history))
  }
  const fallback = own && limitHistory(own, history)
  if (handlers.size === 0 && fallback !== undefined) return fallback
  return (message, ctx) => {
    const handler = (ctx.skill === undefined ? undefined : handlers.get(ctx.skill)) ?? fallback
    if (handler !== undefined) return handler(message, ctx)
    throw illegal(agentId, `has no handler for ${ctx.skill === undefined ? 'a message without a skill' : ctx.skill}`)
  }
}

/** How many of the earlier messages the handlers of an agent see at the most; undefined: all. */
export function historyNeeded(
  skills: readonly SkillMeta[],
  own: Handler | undefined,
  history: number | undefined,
): number | undefined {
  const limits = skills.filter((skill) => skill.handler !== undefined).map((skill) => skill.history ?? history)
  if (own !== undefined) limits.push(history)
  return mostMessages(limits)
}

/**
 * Refuses a message that names a skill the agent does not have. An agent that declares no skills leaves the metadata
 * to its handler.
 *
 * @throws A2AError INVALID_PARAMS naming the skills there are
 */
export function checkSkill(agent: AgentDefinition, message: MessageJson): void {
  if (agent.skillIds.length === 0) return
  const given = message.metadata?.[SKILL_METADATA]
  if (typeof given === 'string' && agent.skillIds.includes(given)) return
  const follows = (message.taskId ?? '') !== ''
  if (given === undefined && (!agent.skillRequired || follows)) return
  throw invalidParams([
    {
      field: `message.metadata.${SKILL_METADATA}`,
      description: `${given === undefined ? 'is missing' : 'names no skill of this agent'}; its skills are ${agent.skillIds.join(', ')}`,
    },
  ])
}

/**
 * The skill that a message is for: the one it names, else the one its task was last asked for.
 *
 * @param before the messages of the task before this one
 */
export function skillOf(
  agent: AgentDefinition,
  message: MessageJson,
  before: readonly MessageJson[],
): string | undefined {
  if (agent.skillIds.length === 0) return undefined
  for (const each of [message, ...before.toReversed()]) {
    const skill = namedSkill(each)
    if (skill !== undefined) return skill
  }
  return undefined
}

export function namedSkill({ role, metadata }: MessageJson): string | undefined {
  const given = metadata?.[SKILL_METADATA]
  return role === 'ROLE_USER' && typeof given === 'string' ? given : undefined
}

function isList(skills: Skills): skills is readonly SkillMeta[] {
  return Array.isArray(skills)
}
