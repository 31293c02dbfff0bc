/** The second door: an agent as a class. It makes the same {@link AgentDefinition} as `agent()`. */
import type { AgentContext, TurnContext } from '../agent-context.js'
import { type AgentDefinition, AgentDefinitionError, type AgentMeta, agent, type Handler } from '../agent-definition.js'
import type { IncomingMessage } from '../incoming-message.js'
import { ALL_MESSAGES, limitHistory, mostMessages } from '../limit-history.js'
import { type RateLimitMeta, rateLimitList } from '../rate-limits.js'
import { type SkillMeta, skillList } from '../skills.js'
import { type HandlerDecorator, type MarkedMethod, marksOf } from './decorators.js'
import { Message } from './message.js'

/** The decorators of methods, by the method's name: for JavaScript without decorators. */
export type HandlerDescriptions = Readonly<Record<string, HandlerDecorator | readonly HandlerDecorator[]>>

/** Marks instances, also those of another copy of this package. */
const BRAND: unique symbol = Symbol.for('temporal-a2a.Agent') as never

/**
 * Fields say what {@link AgentMeta} says; methods with decorators are the handlers. One instance handles all tasks, so its
 * fields are no place for what belongs to one.
 */
export abstract class Agent {
  /** What decorators would say, where there are none. */
  static readonly handlers?: HandlerDescriptions

  abstract readonly id: string
  declare readonly name?: string
  declare readonly description?: string
  declare readonly version?: string
  /** Skills without a method of their own; each `@capability` is one more. */
  declare readonly skills?: NonNullable<AgentMeta['skills']>
  declare readonly inputModes?: readonly string[]
  declare readonly outputModes?: readonly string[]
  declare readonly capabilities?: NonNullable<AgentMeta['capabilities']>
  declare readonly extensions?: NonNullable<AgentMeta['extensions']>
  declare readonly provider?: NonNullable<AgentMeta['provider']>
  declare readonly documentationUrl?: string
  declare readonly iconUrl?: string
  declare readonly answers?: NonNullable<AgentMeta['answers']>
  declare readonly run?: NonNullable<AgentMeta['run']>
  declare readonly extendedCard?: NonNullable<AgentMeta['extendedCard']>
  declare readonly securitySchemes?: NonNullable<AgentMeta['securitySchemes']>
  declare readonly securityRequirements?: NonNullable<AgentMeta['securityRequirements']>
  declare readonly retry?: NonNullable<AgentMeta['retry']>
  declare readonly deadlineMs?: number
  declare readonly idleTimeoutMs?: number
  declare readonly history?: number
  declare readonly rateLimits?: NonNullable<AgentMeta['rateLimits']>
  declare readonly state?: NonNullable<AgentMeta['state']>
  declare readonly use?: NonNullable<AgentMeta['use']>
  declare readonly default?: boolean;

  /**
   * The agent as server, engines and tests know it.
   *
   * @throws AgentDefinitionError what `agent()` refuses, and decorators that contradict each other
   */
  [BRAND](): AgentDefinition {
    const methods = describedMethods(this)
    const own = ownHandler(this, methods)
    const { history, ...fields } = metaOf(this)
    const ownHistory = mostMessages(methods.filter(isOwn).map((method) => method.history ?? history))
    const skills = [...skillList(this.skills), ...methods.flatMap((method) => skillsOf(this, method))].map((skill) =>
      history === undefined && ownHistory === undefined ? skill : { history: history ?? ALL_MESSAGES, ...skill },
    )
    const ownLimits = methods.filter(isOwn).flatMap(({ limits }) => limits.map((limit) => ({ ...limit, skill: '' })))
    const meta: AgentMeta = {
      ...fields,
      ...(ownHistory === undefined ? {} : { history: ownHistory }),
      ...(skills.length === 0 ? {} : { skills }),
      ...(ownLimits.length === 0 ? {} : { rateLimits: [...rateLimitList(this.rateLimits), ...ownLimits] }),
    }
    // An inline or direct agent is given a context whose durable calls are refused, whatever its methods declare.
    if (own !== undefined) return agent(meta, own as Handler<TurnContext>)
    if (skills.some(({ handler }) => handler !== undefined)) return agent({ ...meta, skills })
    throw refusal(
      this,
      'no method handles messages; mark one with @messageHandler(), @streamingHandler() or @capability(id)',
    )
  }
}

/** An agent, whichever door it came through. */
export type AgentSource = AgentDefinition | Agent

/** @throws AgentDefinitionError what `agent()` refuses */
export function agentDefinition(source: AgentSource): AgentDefinition {
  if (isAgentInstance(source)) return source[BRAND]()
  const { id, handler } = (source ?? {}) as Partial<AgentDefinition>
  if (typeof id === 'string' && typeof handler === 'function') return source
  throw new AgentDefinitionError(
    `an agent is what agent() returns, or an instance of a class that extends Agent, not ${isAgentClass(source) ? 'the class itself' : typeof source}`,
  )
}

export function isAgentInstance(value: unknown): value is Agent {
  return typeof value === 'object' && value !== null && BRAND in value
}

/** A class whose instances are agents, and that can be made without arguments. */
export function isAgentClass(value: unknown): value is new () => Agent {
  return (
    typeof value === 'function' &&
    value !== Agent &&
    typeof value.prototype === 'object' &&
    isAgentInstance(value.prototype)
  )
}

/** All that is said of one method. */
interface DescribedMethod {
  readonly name: string | symbol
  readonly kinds: readonly ('message' | 'streaming')[]
  readonly capabilities: readonly Pick<SkillMeta, 'id' | 'name' | 'description' | 'tags'>[]
  readonly history: number | undefined
  readonly limits: readonly RateLimitMeta[]
}

/** The fields of {@link AgentMeta}; a new one that is missing here does not compile. */
const META_FIELDS: Readonly<Record<keyof AgentMeta, true>> = {
  id: true,
  name: true,
  description: true,
  version: true,
  skills: true,
  inputModes: true,
  outputModes: true,
  capabilities: true,
  extendedCard: true,
  securitySchemes: true,
  securityRequirements: true,
  extensions: true,
  provider: true,
  documentationUrl: true,
  iconUrl: true,
  answers: true,
  run: true,
  retry: true,
  deadlineMs: true,
  idleTimeoutMs: true,
  history: true,
  rateLimits: true,
  state: true,
  use: true,
  default: true,
}

function metaOf(instance: Agent): AgentMeta {
  const fields = (Object.keys(META_FIELDS) as (keyof AgentMeta)[]).map((name) => [name, instance[name]] as const)
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined)) as unknown as AgentMeta
}

function describedMethods(instance: Agent): DescribedMethod[] {
  const byName = new Map<string | symbol, MarkedMethod[]>()
  for (const marked of [...marksOf(instance), ...staticMarks(instance)]) {
    const before = byName.get(marked.name) ?? []
    // What a base class says of a method no longer counts where a subclass has said something of its own.
    byName.set(marked.name, [...before.filter(({ method }) => method === marked.method), marked])
  }
  return [...byName].map(([name, marks]) => describe(instance, name, marks))
}

function staticMarks(instance: Agent): MarkedMethod[] {
  const { handlers = {} } = instance.constructor as typeof Agent
  return Object.entries(handlers).flatMap(([name, given]) => {
    if (typeof methodOf(instance, name) !== 'function')
      throw refusal(instance, `static handlers names ${name}, which is no method`)
    const decorators = Array.isArray(given) ? given : [given]
    if (decorators.some((each) => each?.mark === undefined)) {
      throw refusal(
        instance,
        `static handlers: ${name} needs what messageHandler(), capability(id) and their like give`,
      )
    }
    return decorators.map(({ mark }) => ({ name, method: handlers, mark }))
  })
}

function describe(instance: Agent, name: string | symbol, marks: readonly MarkedMethod[]): DescribedMethod {
  const said = marks.map(({ mark }) => mark)
  const described = {
    name,
    kinds: said.flatMap((mark) => (mark.kind === 'message' || mark.kind === 'streaming' ? [mark.kind] : [])),
    capabilities: said.flatMap((mark) => (mark.kind === 'capability' ? [{ ...mark.skill, id: mark.id }] : [])),
    history: said.flatMap((mark) => (mark.kind === 'context' ? [mark.history] : [])).at(-1),
    limits: said.flatMap((mark) => (mark.kind === 'limit' ? [mark.limit] : [])),
  }
  if (described.kinds.length === 0 && described.capabilities.length === 0) {
    throw refusal(
      instance,
      `${String(name)} is limited, but handles nothing; mark it with @messageHandler(), @streamingHandler() or @capability(id) too`,
    )
  }
  return described
}

function isOwn({ kinds }: DescribedMethod): boolean {
  return kinds.length > 0
}

function skillsOf(instance: Agent, { name, capabilities, history, limits }: DescribedMethod): SkillMeta[] {
  return capabilities.map((skill) => ({
    ...skill,
    handler: handlerOf(instance, name),
    ...(history === undefined ? {} : { history }),
    ...(limits.length === 0 ? {} : { rateLimits: limits }),
  }))
}

/** The handler of what no capability takes. */
function ownHandler(instance: Agent, methods: readonly DescribedMethod[]): Handler | undefined {
  const [message, streaming] = (['message', 'streaming'] as const).map((kind) => {
    const [method, second] = methods.filter(({ kinds }) => kinds.includes(kind))
    if (second !== undefined) {
      const names = `${String(method?.name)} and ${String(second.name)}`
      throw refusal(instance, `${names} are both @${kind}Handler(); keep one, or make one a @capability(id)`)
    }
    return method === undefined
      ? undefined
      : limitHistory(handlerOf(instance, method.name), method.history ?? instance.history)
  })
  if (message === undefined || streaming === undefined || message === streaming) return message ?? streaming
  return (incoming, ctx) => (ctx.streamed ? streaming : message)(incoming, ctx)
}

function handlerOf(instance: Agent, name: string | symbol): Handler {
  return (message: IncomingMessage, ctx: AgentContext) => {
    const method = methodOf(instance, name) as (message: Message, ctx: AgentContext) => ReturnType<Handler>
    return method.call(instance, new Message(message.raw), ctx)
  }
}

function methodOf(instance: Agent, name: string | symbol): unknown {
  return (instance as unknown as Record<string | symbol, unknown>)[name]
}

function refusal(instance: Agent, what: string): AgentDefinitionError {
  return new AgentDefinitionError(`agent ${JSON.stringify(instance.id)} (class ${instance.constructor.name}): ${what}`)
}
