/** The one object that server, engines, tester and docs know an agent by. `agent()` makes it and checks it. */
import type { AgentCardJson, AgentExtensionJson, AgentSkillJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { agentIdProblem } from '../a2a/ids.js'
import type { AgentContext, TurnContext } from './agent-context.js'
import type { IncomingMessage } from './incoming-message.js'
import type { Result } from './result.js'

/** A function, or a generator that yields several results. */
export type Handler<Context extends TurnContext = AgentContext> = (
  message: IncomingMessage,
  ctx: Context,
) =>
  | Result
  | undefined
  | Promise<Result | undefined>
  | Generator<Result, Result | undefined | void>
  | AsyncGenerator<Result, Result | undefined | void>

export interface RetryPolicy {
  /** How often a turn whose handler throws is tried in all. Default 3. */
  readonly maxAttempts?: number
  /** Wait before the second try, in milliseconds; doubles after each. Default 500. */
  readonly initialIntervalMs?: number
  /** The longest wait between two tries, in milliseconds. Default 30000. */
  readonly maxIntervalMs?: number
}

export interface AgentMeta {
  /** In paths and workflow ids: 1 to 64 of `a-z`, `0-9`, `.`, `_`, `-`. */
  readonly id: string
  /** For people. Default: the id. */
  readonly name?: string
  readonly description?: string
  /** Of the agent, not of the protocol. Default `0.0.0`. */
  readonly version?: string
  /** Default: one skill that is the agent itself. */
  readonly skills?: readonly SkillMeta[]
  /** Media types the agent takes. Default `text/plain`, `application/json`. */
  readonly inputModes?: readonly string[]
  /** Media types the agent gives. Default `text/plain`. */
  readonly outputModes?: readonly string[]
  readonly capabilities?: {
    /** Streaming operations are answered. Default true. */
    readonly streaming?: boolean
  }
  /** Extensions the agent knows; one marked `required` must be named by every caller. */
  readonly extensions?: readonly AgentExtensionJson[]
  readonly provider?: { readonly organization: string; readonly url: string }
  readonly documentationUrl?: string
  readonly iconUrl?: string
  /**
   * What a call is answered with. `task` (default): always a task. `message`: always a Message. `either`: the handler's
   * first result decides, and nothing is shown before it.
   */
  readonly answers?: 'task' | 'message' | 'either'
  /**
   * How a turn is executed. `durable` (default): survives every crash. `inline`: the first turn runs inside the first
   * workflow task, for turns below about 5 s that may run twice. `direct`: no workflow at all, only with
   * `answers: 'message'`; what is lost with the process is lost.
   */
  readonly run?: 'durable' | 'inline' | 'direct'
  readonly retry?: RetryPolicy
  /** The longest a turn may take in all its attempts, in milliseconds. Default 24 hours. */
  readonly deadlineMs?: number
  /** Also answers at the root path. Default: the first agent does. */
  readonly default?: boolean
}

export interface SkillMeta {
  readonly id: string
  readonly name?: string
  readonly description?: string
  readonly tags?: readonly string[]
  readonly examples?: readonly string[]
  readonly inputModes?: readonly string[]
  readonly outputModes?: readonly string[]
}

/** An agent with all defaults filled in. */
export interface AgentDefinition {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly version: string
  readonly skills: readonly AgentSkillJson[]
  readonly inputModes: readonly string[]
  readonly outputModes: readonly string[]
  readonly streaming: boolean
  readonly extensions: readonly AgentExtensionJson[]
  readonly provider: AgentCardJson['provider']
  readonly documentationUrl: string | undefined
  readonly iconUrl: string | undefined
  readonly answers: 'task' | 'message' | 'either'
  readonly run: 'durable' | 'inline' | 'direct'
  readonly retry: Required<RetryPolicy>
  readonly deadlineMs: number
  readonly default: boolean
  readonly handler: Handler
}

const DAY_MS = 86_400_000

/** A definition that cannot work: says which agent, what is wrong, and what to write instead. */
export class AgentDefinitionError extends TypeError {
  override readonly name = 'AgentDefinitionError'
}

/**
 * Describes an agent.
 *
 * @throws AgentDefinitionError an id that cannot be used, options that contradict each other, a handler that is no function
 */
export function agent(meta: AgentMeta & { readonly run?: 'durable' }, handler: Handler): AgentDefinition
/** With `run: 'inline'` or `'direct'` the handler has no durable calls: `ctx.step`, `ctx.ask` and their like. */
export function agent(meta: AgentMeta, handler: Handler<TurnContext>): AgentDefinition
export function agent(meta: AgentMeta, handler: Handler): AgentDefinition {
  const refuse = (what: string) => {
    throw new AgentDefinitionError(`agent ${JSON.stringify(meta?.id)}: ${what}`)
  }
  const problem = typeof meta?.id === 'string' ? agentIdProblem(meta.id) : 'must be a string'
  if (problem !== undefined) refuse(`id ${problem}`)
  if (typeof handler !== 'function')
    refuse(`the handler must be a function or an async generator function, not ${typeof handler}`)
  const answers = meta.answers ?? (meta.run === 'direct' ? 'message' : 'task')
  const run = meta.run ?? 'durable'
  if (run === 'direct' && answers !== 'message') {
    refuse(`run 'direct' keeps no task, so it needs answers 'message' (not '${answers}')`)
  }
  const retry = {
    maxAttempts: meta.retry?.maxAttempts ?? 3,
    initialIntervalMs: meta.retry?.initialIntervalMs ?? 500,
    maxIntervalMs: meta.retry?.maxIntervalMs ?? 30_000,
  }
  for (const [name, value] of Object.entries({ ...retry, deadlineMs: meta.deadlineMs ?? DAY_MS })) {
    if (!Number.isFinite(value) || value < 1) refuse(`${name} (${value}) must be a number of at least 1`)
  }
  const name = meta.name ?? meta.id
  const description = meta.description ?? name
  const skills = meta.skills ?? [{ id: meta.id, name, description, tags: [] }]
  const twice = skills.find((skill, index) => skills.findIndex((other) => other.id === skill.id) !== index)
  if (twice !== undefined) refuse(`two skills have the id ${JSON.stringify(twice.id)}`)
  return Object.freeze({
    id: meta.id,
    name,
    description,
    version: meta.version ?? '0.0.0',
    skills: skills.map(toSkill),
    inputModes: meta.inputModes ?? ['text/plain', 'application/json'],
    outputModes: meta.outputModes ?? ['text/plain'],
    streaming: meta.capabilities?.streaming ?? true,
    extensions: meta.extensions ?? [],
    provider: meta.provider,
    documentationUrl: meta.documentationUrl,
    iconUrl: meta.iconUrl,
    answers,
    run,
    retry,
    deadlineMs: meta.deadlineMs ?? DAY_MS,
    default: meta.default ?? false,
    handler,
  })
}

/** The agents by id. */
export type AgentDirectory = ReadonlyMap<string, AgentDefinition>

/**
 * @throws AgentDefinitionError no agent at all, or two with one id
 */
export function agentDirectory(agents: readonly AgentDefinition[]): AgentDirectory {
  if (agents.length === 0) throw new AgentDefinitionError('at least one agent is needed')
  const directory = new Map<string, AgentDefinition>()
  for (const definition of agents) {
    if (directory.has(definition.id)) {
      throw new AgentDefinitionError(
        `two agents have the id ${JSON.stringify(definition.id)}; give one of them another`,
      )
    }
    directory.set(definition.id, definition)
  }
  return directory
}

/** The agent that answers at the root path: the one marked `default`, else the first. */
export function defaultAgent(directory: AgentDirectory): AgentDefinition {
  const all = [...directory.values()]
  const chosen = all.find((definition) => definition.default) ?? all[0]
  if (chosen === undefined) throw new AgentDefinitionError('at least one agent is needed')
  return chosen
}

function toSkill(skill: SkillMeta): AgentSkillJson {
  const name = skill.name ?? skill.id
  return {
    id: skill.id,
    name,
    description: skill.description ?? name,
    tags: [...(skill.tags ?? [])],
    ...(skill.examples === undefined ? {} : { examples: [...skill.examples] }),
    ...(skill.inputModes === undefined ? {} : { inputModes: [...skill.inputModes] }),
    ...(skill.outputModes === undefined ? {} : { outputModes: [...skill.outputModes] }),
  }
}
