/**
 * Standard (TC39) decorators that say which methods of an `Agent` handle what. In JavaScript without decorators the same
 * values stand in the class's `static handlers`.
 */
import type { AgentContext } from '../agent-context.js'
import { AgentDefinitionError, type Handler } from '../agent-definition.js'
import type { RateLimitMeta } from '../rate-limits.js'
import type { Result } from '../result.js'
import type { SkillOptions } from '../skills.js'
import type { Message } from './message.js'

/** A method that handles messages: a function or a generator, its results those of every handler. */
export type HandlerMethod = (
  message: Message,
  // Of whichever type the class says that its state is.
  ctx: Omit<AgentContext, 'state'> & { readonly state: never },
) => ReturnType<Handler> | Promise<Result | undefined | void> | void

/** What is said of a method. */
export type Mark =
  | { readonly kind: 'message' }
  | { readonly kind: 'streaming' }
  | { readonly kind: 'capability'; readonly id: string; readonly skill: Capability }
  | { readonly kind: 'context'; readonly history: number }
  | { readonly kind: 'limit'; readonly limit: Omit<RateLimitMeta, 'skill'> }

/** What the card says of a skill that is a method. */
export type Capability = Omit<SkillOptions, 'handler' | 'history' | 'rateLimits'>

/** A decorator, and the value for `static handlers`. */
export interface HandlerDecorator {
  <Method extends HandlerMethod>(method: Method, context: ClassMethodDecoratorContext<unknown, Method>): void
  readonly mark: Mark
}

export interface MarkedMethod {
  readonly name: string | symbol
  /** As the class that was decorated has it. */
  readonly method: unknown
  readonly mark: Mark
}

/** Handles every message that no capability takes; beside a streaming handler, those whose answer is not streamed. */
export function messageHandler(): HandlerDecorator {
  return decorator('messageHandler', { kind: 'message' })
}

/** Handles every message that no capability takes; beside a message handler, those whose answer is streamed. */
export function streamingHandler(): HandlerDecorator {
  return decorator('streamingHandler', { kind: 'streaming' })
}

/**
 * A skill of the agent: on its card, and handling the messages that name it.
 *
 * @param id of the skill
 */
export function capability(id: string, skill: Capability = {}): HandlerDecorator {
  return decorator('capability', { kind: 'capability', id, skill })
}

/**
 * Bounds what the method sees of the conversation.
 *
 * @param options `history`: how many of the latest earlier messages `ctx.history` holds
 */
export function contextAware({ history }: { readonly history: number }): HandlerDecorator {
  return decorator('contextAware', { kind: 'context', history })
}

/** Limits the messages that the method is for. A method may have several. */
export function rateLimited(limit: Omit<RateLimitMeta, 'skill'>): HandlerDecorator {
  return decorator('rateLimited', { kind: 'limit', limit })
}

const marks = new WeakMap<object, MarkedMethod[]>()

/** What decorators said of the methods of an instance, base classes first. */
export function marksOf(instance: object): readonly MarkedMethod[] {
  return marks.get(instance) ?? []
}

function decorator(called: string, mark: Mark): HandlerDecorator {
  const decorate = (method: unknown, context: ClassMethodDecoratorContext): void => {
    const { kind, name } = context
    if (kind !== 'method' || context.static || context.private) {
      const what = context.private ? 'a private' : context.static ? 'a static' : `no`
      throw new AgentDefinitionError(
        `@${called} on ${String(name)}: it is ${what} method; a handler must be a public one`,
      )
    }
    context.addInitializer(function (this: unknown) {
      const instance = this as object
      marks.set(instance, [...marksOf(instance), { name, method, mark }])
    })
  }
  return Object.assign(decorate, { mark }) as HandlerDecorator
}
