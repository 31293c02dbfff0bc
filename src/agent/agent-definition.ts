/** The one object that server, engines, tester and docs know an agent by. `agent()` makes it and checks it. */
import type {
  AgentCardJson,
  AgentExtensionJson,
  AgentSkillJson,
  SecurityRequirementJson,
  SecuritySchemeJson,
} from '../../gen/lf/a2a/v1/a2a_pb.js'
import { agentIdProblem } from '../a2a/ids.js'
import type { AgentContext, TurnContext } from './agent-context.js'
import { type StateOption, type StateSchemas, stateProblem, stateSchemas } from './agent-state.js'
import { cardMetaProblem, type ExtendedCard, type ExtendedCardFor } from './card-meta.js'
import { metaProblem } from './check-meta.js'
import type { IncomingMessage } from './incoming-message.js'
import { historyProblem } from './limit-history.js'
import { applyMiddleware, type Middleware } from './middleware.js'
import { type RateLimit, type RateLimitMeta, rateLimitList, rateLimits, rateLimitsProblem } from './rate-limits.js'
import type { Result } from './result.js'
import { type RetryPolicy, retryProblem, sizesProblem, wholeRetryPolicy } from './retry-policy.js'
import { historyNeeded, routeSkills, type Skills, skillList, skillOnCard, skillsProblem } from './skills.js'

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

/** What an agent says of itself and how it wants to be run. The card is made from it. */
export interface AgentMeta {
  /** In paths and workflow ids: 1 to 64 of `a-z`, `0-9`, `.`, `_`, `-`. */
  readonly id: string
  /** For people. Default: the id. */
  readonly name?: string
  readonly description?: string
  /** Of the agent, not of the protocol. Default `0.0.0`. */
  readonly version?: string
  /**
   * What the agent can do, by id; on its card. A message names one with `skill` in its metadata and reaches that skill's
   * handler, if it has one. Default: one skill that is the agent itself, and nothing to name.
   */
  readonly skills?: Skills
  /** Media types the agent takes. Default `text/plain`, `application/json`. */
  readonly inputModes?: readonly string[]
  /** Media types the agent gives. Default `text/plain`. */
  readonly outputModes?: readonly string[]
  readonly capabilities?: {
    /** Streaming operations are answered. Default true. */
    readonly streaming?: boolean
    /** Callers may have webhooks told of their tasks: this server then calls URLs that they name. Default false. */
    readonly pushNotifications?: boolean
    /** Authenticated callers get a card of their own. Default: where `extendedCard` says what is on it. */
    readonly extendedCard?: boolean
  }
  /**
   * What the card for authenticated callers says otherwise than the public one; with a function, to each caller. Only
   * servers that authenticate their callers give it out.
   */
  readonly extendedCard?: ExtendedCard | ExtendedCardFor
  /**
   * How callers may authenticate, by names of one's own; on the card (A2A section 4.5). Only where the server itself does
   * not say it: because it authenticates by a function, or something in front of it authenticates.
   */
  readonly securitySchemes?: Readonly<Record<string, SecuritySchemeJson>>
  /**
   * Which schemes are needed, and which scopes of them: one entry of the list; on the card, and enforced by a server that
   * authenticates. Default: any scheme of the server.
   */
  readonly securityRequirements?: readonly SecurityRequirementJson[]
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
  /**
   * The longest an attempt may go on without a result, in milliseconds: then `ctx.signal` aborts with the reason `idle`,
   * and the attempt has failed. Default: no limit.
   */
  readonly idleTimeoutMs?: number
  /**
   * How many of the latest earlier messages `ctx.history` holds. What no handler of the agent asks for is not loaded for
   * a turn, and not in `ctx.task` either; how much that is, is fixed when a task begins. Default: all, as is Infinity.
   */
  readonly history?: number
  /** How many messages the agent takes in a time; more are refused with RATE_LIMITED. Counted by each server process. */
  readonly rateLimits?: RateLimitMeta | readonly RateLimitMeta[]
  /**
   * Of which type `ctx.state` is: the schema of its context's state, or schemas by scope,
   * `{ context, caller, agent }`. Any Standard Schema of an object that takes `{}`. Default: any JSON.
   */
  readonly state?: StateOption
  /** Code around every handler of the agent, outermost first. */
  readonly use?: readonly Middleware[]
  /** Also answers at the root path. Default: the first agent does. */
  readonly default?: boolean
}

/** An agent with all defaults filled in. */
export interface AgentDefinition {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly version: string
  /** As the card shows them; never empty. */
  readonly skills: readonly AgentSkillJson[]
  /** What a message may name; empty when the agent declares no skills. */
  readonly skillIds: readonly string[]
  /** The agent has no handler of its own: the first message of a task has to name a skill. */
  readonly skillRequired: boolean
  readonly inputModes: readonly string[]
  readonly outputModes: readonly string[]
  readonly streaming: boolean
  readonly pushNotifications: boolean
  /** The agent declares a card for authenticated callers. */
  readonly hasExtendedCard: boolean
  /** What that card says otherwise; undefined when it is declared and nothing is configured. */
  readonly extendedCard: ExtendedCard | ExtendedCardFor | undefined
  readonly securitySchemes: Readonly<Record<string, SecuritySchemeJson>>
  readonly securityRequirements: readonly SecurityRequirementJson[]
  readonly extensions: readonly AgentExtensionJson[]
  readonly provider: AgentCardJson['provider']
  readonly documentationUrl: string | undefined
  readonly iconUrl: string | undefined
  readonly answers: 'task' | 'message' | 'either'
  readonly run: 'durable' | 'inline' | 'direct'
  readonly retry: Required<RetryPolicy>
  readonly deadlineMs: number
  readonly idleTimeoutMs: number | undefined
  /** How many of the earlier messages its handlers see at the most; undefined: all. */
  readonly history: number | undefined
  readonly rateLimits: readonly RateLimit[]
  /** Of which type the agent's state is, by scope. */
  readonly state: StateSchemas
  readonly default: boolean
  /** Routes to the handlers of the skills, with the middleware around. */
  readonly handler: Handler
}

/** The same, with handlers that know of which type the state is. */
type Typed<Option extends StateOption | undefined> = Omit<AgentMeta, 'skills' | 'state'> & {
  readonly state?: Option
  readonly skills?: Skills<Option>
}

const DAY_MS = 86_400_000
/** How often a turn is tried in all, unless its agent says otherwise. */
const MAX_ATTEMPTS = 3

/** A definition that cannot work: says which agent, what is wrong, and what to write instead. */
export class AgentDefinitionError extends TypeError {
  override readonly name = 'AgentDefinitionError'
}

/**
 * Describes an agent.
 *
 * @param handler of all messages that no skill's handler takes; without one, every task has to name a skill that has one
 * @throws AgentDefinitionError an id that cannot be used, options that contradict each other, a handler that is no function
 */
export function agent<Option extends StateOption | undefined = undefined>(
  meta: Typed<Option> & { readonly run?: 'durable' },
  handler: Handler<AgentContext<Option>>,
): AgentDefinition
/** With `run: 'inline'` or `'direct'` the handler has no state and no durable calls: `ctx.step`, `ctx.ask` and their like. */
export function agent(meta: AgentMeta, handler: Handler<TurnContext>): AgentDefinition
export function agent<Option extends StateOption | undefined = undefined>(
  meta: Typed<Option> & { readonly skills: Skills<Option> },
): AgentDefinition
export function agent(meta: AgentMeta, handler?: Handler): AgentDefinition {
  const refuse = (what: string): void => {
    throw new AgentDefinitionError(`agent ${JSON.stringify(meta?.id)}: ${what}`)
  }
  const problem = typeof meta?.id === 'string' ? agentIdProblem(meta.id) : 'must be a string'
  if (problem !== undefined) refuse(`id ${problem}`)
  const badMeta = metaProblem(meta)
  if (badMeta !== undefined) refuse(badMeta)
  const declared = skillList(meta.skills)
  const skillIds = declared.map(({ id }) => id)
  const badSkill = skillsProblem(declared)
  if (badSkill !== undefined) refuse(badSkill)
  const skillRequired = handler === undefined && declared.length > 0
  const unhandled = declared.filter((skill) => skill.handler === undefined).map(({ id }) => id)
  if (skillRequired && unhandled.length > 0) {
    refuse(`skill ${JSON.stringify(unhandled[0])} has no handler, and neither has the agent; give one of them one`)
  }
  if (typeof handler !== 'function' && !skillRequired) {
    refuse(`the handler must be a function or an async generator function, not ${typeof handler}`)
  }
  const limits = [
    ...rateLimitList(meta.rateLimits),
    ...declared.flatMap(({ id, rateLimits }) => rateLimitList(rateLimits).map((limit) => ({ ...limit, skill: id }))),
  ]
  const badLimit = rateLimitsProblem(limits, skillIds)
  if (badLimit !== undefined) refuse(badLimit)
  const use = meta.use ?? []
  const noFunction = use.findIndex((each) => typeof each !== 'function')
  if (noFunction >= 0)
    refuse(`use[${noFunction}] must be a function (message, ctx, next), not ${typeof use[noFunction]}`)
  const answers = meta.answers ?? (meta.run === 'direct' ? 'message' : 'task')
  const run = meta.run ?? 'durable'
  if (run === 'direct' && answers !== 'message') {
    refuse(`run 'direct' keeps no task, so it needs answers 'message' (not '${answers}')`)
  }
  const pushNotifications = meta.capabilities?.pushNotifications ?? false
  if (pushNotifications && answers === 'message') {
    refuse(`capabilities.pushNotifications tells of tasks, and answers 'message' keeps none to tell of`)
  }
  const badState = stateProblem(meta.state, run)
  if (badState !== undefined) refuse(badState)
  const retry = wholeRetryPolicy(meta.retry, MAX_ATTEMPTS)
  const deadlineMs = meta.deadlineMs ?? DAY_MS
  const times = { deadlineMs, idleTimeoutMs: meta.idleTimeoutMs ?? deadlineMs }
  const badTimes = retryProblem(retry) ?? sizesProblem(times)
  if (badTimes !== undefined) refuse(badTimes)
  if (times.idleTimeoutMs > deadlineMs) {
    refuse(`idleTimeoutMs (${times.idleTimeoutMs}) must not be more than deadlineMs (${deadlineMs})`)
  }
  const { history } = meta
  const badHistory = historyProblem(history)
  if (badHistory !== undefined) refuse(badHistory)
  const badCard = cardMetaProblem(meta, declared)
  if (badCard !== undefined) refuse(badCard)
  const name = meta.name || meta.id
  const description = meta.description || name
  return Object.freeze({
    id: meta.id,
    name,
    description,
    version: meta.version ?? '0.0.0',
    skills: (declared.length === 0 ? [{ id: meta.id, name, description }] : declared).map(skillOnCard),
    skillIds,
    skillRequired,
    inputModes: meta.inputModes ?? ['text/plain', 'application/json'],
    outputModes: meta.outputModes ?? ['text/plain'],
    streaming: meta.capabilities?.streaming ?? true,
    pushNotifications,
    hasExtendedCard: meta.capabilities?.extendedCard ?? meta.extendedCard !== undefined,
    extendedCard: meta.extendedCard,
    securitySchemes: meta.securitySchemes ?? {},
    securityRequirements: meta.securityRequirements ?? [],
    extensions: meta.extensions ?? [],
    provider: meta.provider,
    documentationUrl: meta.documentationUrl,
    iconUrl: meta.iconUrl,
    answers,
    run,
    retry,
    deadlineMs,
    idleTimeoutMs: meta.idleTimeoutMs,
    history: historyNeeded(declared, handler, history),
    rateLimits: rateLimits(limits, unhandled),
    state: Object.freeze({ ...stateSchemas(meta.state) }),
    default: meta.default ?? false,
    handler: applyMiddleware(meta.id, use, routeSkills(meta.id, declared, handler, history)),
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
