/** Code around handlers: `use` of an agent, and of `serve()` around all agents. The first one is the outermost. */
import type { AgentContext } from './agent-context.js'
import type { AgentDefinition, Handler } from './agent-definition.js'
import { illegal, isGenerator } from './handler-results.js'
import type { IncomingMessage } from './incoming-message.js'
import { type EndResult, type Result, TAG } from './result.js'

/**
 * Runs what comes after this middleware, at most once.
 *
 * `await next()` lets results pass as they come and gives the returned one; it throws what the handler throws. A
 * middleware that returns nothing leaves the handler's result as it is.
 */
export interface Next {
  /** @param message handled in place of the one that came */
  (message?: IncomingMessage): Promise<Result | undefined>
  /** For a generator that looks at the results or changes them: all of them, one by one, none passes by itself. */
  results(message?: IncomingMessage): AsyncGenerator<Result, void, undefined>
}

/** An async function, or an async generator. What it returns or yields, it does in place of the handler. */
export type Middleware = (
  message: IncomingMessage,
  ctx: AgentContext,
  next: Next,
) => ReturnType<Handler> | Promise<Result | undefined | void>

export function applyMiddleware(agentId: string, use: readonly Middleware[], handler: Handler): Handler {
  return use.reduceRight<Handler>(
    (inner, middleware) => (message, ctx) => runMiddleware(agentId, middleware, inner, message, ctx),
    handler,
  )
}

/** The agent with further middleware around its own. */
export function withMiddleware(agent: AgentDefinition, use: readonly Middleware[]): AgentDefinition {
  if (use.length === 0) return agent
  return Object.freeze({ ...agent, handler: applyMiddleware(agent.id, use, agent.handler) })
}

async function* runMiddleware(
  agentId: string,
  middleware: Middleware,
  inner: Handler,
  message: IncomingMessage,
  ctx: AgentContext,
): AsyncGenerator<Result, Result | undefined, undefined> {
  const rest = new Rest(agentId, (changed) => inner(changed, ctx))
  const next: Next = Object.assign((changed = message) => rest.pass(changed), {
    results: (changed = message) => rest.results(changed),
  })
  const steps = stepsOf(middleware(message, ctx, next))
  let finished = false
  try {
    for (;;) {
      const step = rest.until(Promise.resolve(steps.next()))
      for (let passing = await rest.passing(); passing !== undefined; passing = await rest.passing()) {
        yield passing.result
        passing.taken()
      }
      const { done, value } = await step
      if (done !== true) {
        yield value
        continue
      }
      finished = true
      return value ?? rest.outcome()
    }
  } finally {
    if (!finished) void Promise.resolve(steps.return(undefined)).catch(() => {})
    rest.leave()
  }
}

interface Passing {
  readonly result: Result
  taken(): void
}

/** What comes after a middleware. Results pass one at a time, when the reader asks for them. */
class Rest {
  private readonly agentId: string
  private readonly run: (message: IncomingMessage) => ReturnType<Handler>
  private state: 'unused' | 'running' | 'returned' | 'failed' = 'unused'
  private returned: Result | undefined
  private error: unknown
  private steps: Steps | undefined
  private offered: Passing | undefined
  /** The middleware is busy with a step of its own, in which results may pass. */
  private stepping = false
  private wake: () => void = ignore

  constructor(agentId: string, run: (message: IncomingMessage) => ReturnType<Handler>) {
    this.agentId = agentId
    this.run = run
  }

  pass(message: IncomingMessage): Promise<Result | undefined> {
    const passed = this.passAll(message)
    // When nobody waits for it, `outcome()` says so.
    passed.catch(() => {})
    return passed
  }

  async *results(message: IncomingMessage): AsyncGenerator<Result, void, undefined> {
    for (const steps = this.begin(message); ; ) {
      const { done, value } = await this.step(steps)
      if (value !== undefined) yield done === true ? asLast(value) : value
      if (done === true) return
    }
  }

  /** While this step of the middleware runs, results may pass. */
  until<T>(step: Promise<T>): Promise<T> {
    this.stepping = true
    const ended = () => {
      this.stepping = false
      this.wake()
    }
    step.then(ended, ended)
    return step
  }

  /** The next result that passes; undefined when the middleware's step has ended without. */
  async passing(): Promise<Passing | undefined> {
    if (this.offered === undefined && this.stepping) {
      await new Promise<void>((resolve) => {
        this.wake = resolve
      })
    }
    const passing = this.offered
    this.offered = undefined
    return passing
  }

  /** What stands when the middleware returns nothing. */
  outcome(): Result | undefined {
    if (this.state === 'failed') throw this.error
    if (this.state === 'running') {
      throw illegal(this.agentId, "has a middleware that ends before next() has; write 'await next()'")
    }
    return this.returned
  }

  /** Nobody reads any more. */
  leave(): void {
    if (this.state === 'running') void Promise.resolve(this.steps?.return(undefined)).catch(ignore)
  }

  private async passAll(message: IncomingMessage): Promise<Result | undefined> {
    for (const steps = this.begin(message); ; ) {
      const { done, value } = await this.step(steps)
      if (done === true) {
        this.returned = value ?? undefined
        return this.returned
      }
      await new Promise<void>((taken) => {
        this.offered = { result: value, taken }
        this.wake()
      })
    }
  }

  private begin(message: IncomingMessage): Steps {
    if (this.state !== 'unused') throw illegal(this.agentId, 'has a middleware that calls next() twice')
    this.state = 'running'
    try {
      this.steps = stepsOf(this.run(message))
      return this.steps
    } catch (error) {
      throw this.failed(error)
    }
  }

  private async step(steps: Steps): Promise<Step> {
    try {
      const step = await steps.next()
      if (step.done === true) this.state = 'returned'
      return step
    } catch (error) {
      throw this.failed(error)
    }
  }

  private failed(error: unknown): unknown {
    this.state = 'failed'
    this.error = error
    return error
  }
}

/** What is asked for results one by one. */
interface Steps {
  next(): PromiseLike<Step> | Step
  return(value: undefined): PromiseLike<unknown> | unknown
}

type Step = IteratorResult<Result, Result | undefined | void>

/** A function's one result and a generator's many as the same thing. */
function stepsOf(returned: ReturnType<Middleware>): Steps {
  if (isGenerator(returned)) return returned
  return { next: async () => ({ done: true, value: await returned }), return: ignore }
}

/** A returned AUTH_REQUIRED ends the turn, also when a generator yields it on. */
function asLast(result: Result): Result {
  if (typeof result === 'string' || result[TAG] !== 'end') return result
  return Object.freeze<EndResult>({ ...result, last: true })
}

function ignore(): void {}
