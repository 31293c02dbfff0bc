/**
 * Watches a handler while it runs: which steps do their work, and whether it says the same when it runs again.
 *
 * What a handler has said before a durable call must follow from its message and earlier outcomes. When it comes to the same
 * call again, after a crash or a wait, and has said something else by then, something outside of a step does not repeat.
 */
import type { AgentContext, AskOptions, Question } from '../agent/agent-context.js'
import type { AgentDefinition, Handler } from '../agent/agent-definition.js'
import { isGenerator } from '../agent/handler-results.js'
import { type CallKind, describeCall } from '../task/journal-entry.js'

export interface HandlerWatch {
  stepBegan(taskId: string, name: string): void
  /** Its work is over, whatever came of it. */
  stepEnded(taskId: string, name: string): void
  /** The handler ran again, and differs. */
  differs(message: string): void
}

/** What a handler had said when it came to a call, and what it asked for there. */
interface Reached {
  readonly said: string
  readonly asked: string
}

const SHOWN = 60

export function watchedAgent(agent: AgentDefinition, watch: HandlerWatch): AgentDefinition {
  if (agent.run !== 'durable') return agent
  /** By the message that the handler was called with, then by call. */
  const reached = new Map<string, Map<string, Reached>>()
  const handler: Handler = (message, ctx) => {
    const key = `${ctx.taskId}/${ctx.turn}`
    const before = reached.get(key) ?? new Map<string, Reached>()
    reached.set(key, before)
    const run = new WatchedRun(agent.id, ctx, before, watch)
    const returned = agent.handler(message, run.context)
    return isGenerator(returned) ? run.results(returned) : returned
  }
  return { ...agent, handler }
}

type Results = Extract<ReturnType<Handler>, { next: unknown }>

class WatchedRun {
  readonly context: AgentContext
  private readonly agentId: string
  private readonly before: Map<string, Reached>
  private readonly watch: HandlerWatch
  private readonly counts = new Map<string, number>()
  private said = ''

  constructor(agentId: string, ctx: AgentContext, before: Map<string, Reached>, watch: HandlerWatch) {
    this.agentId = agentId
    this.before = before
    this.watch = watch
    this.context = {
      ...ctx,
      emit: (event) => {
        this.say(event)
        return ctx.emit(event)
      },
      step: (name, work, options) => {
        this.reach('step', name, undefined)
        if (typeof work !== 'function') return ctx.step(name, work, options)
        const counted: typeof work = async (step) => {
          watch.stepBegan(ctx.taskId, name)
          try {
            return await work(step)
          } finally {
            watch.stepEnded(ctx.taskId, name)
          }
        }
        return ctx.step(name, counted, options)
      },
      ask: ((question: Question, options?: AskOptions) => {
        this.reach('ask', '', question)
        return ctx.ask(question, options)
      }) as AgentContext['ask'],
      approve: (question, options) => {
        this.reach('approve', '', question)
        return ctx.approve(question, options)
      },
      sleep: (duration) => {
        this.reach('sleep', '', duration)
        return ctx.sleep(duration)
      },
      call: (agent, message, options) => {
        this.reach('call', String(agent), message)
        return ctx.call(agent, message, options)
      },
    }
  }

  /** The same results, heard on their way. */
  results(returned: Results): Results {
    const heard = async (step: Promise<IteratorResult<unknown>> | IteratorResult<unknown>) => {
      const { done, value } = await step
      if (done !== true) this.say(value)
      return { done, value }
    }
    const watched = {
      next: (...given: []) => heard(returned.next(...given)),
      return: (value: undefined) => returned.return(value),
      throw: (error: unknown) => returned.throw(error),
      [Symbol.asyncIterator]: () => watched,
    }
    return watched as never
  }

  private say(given: unknown): void {
    this.said += typeof given === 'string' ? given : ` ${asText(given)}`
  }

  private reach(kind: CallKind, name: string, asked: unknown): void {
    const ordinal = (this.counts.get(`${kind} ${name}`) ?? 0) + 1
    this.counts.set(`${kind} ${name}`, ordinal)
    const call = describeCall({ kind, name, ordinal })
    const now: Reached = { said: this.said, asked: asText(asked) }
    const before = this.before.get(call)
    if (before === undefined) this.before.set(call, now)
    else if (before.said !== now.said) this.warn(`said something else before ${call}`, before.said, now.said)
    else if (before.asked !== now.asked) this.warn(`asked for something else in ${call}`, before.asked, now.asked)
  }

  private warn(what: string, before: string, now: string): void {
    let same = 0
    while (same < before.length && before[same] === now[same]) same += 1
    const from = Math.max(same - SHOWN / 2, 0)
    const cut = (text: string) => JSON.stringify(text.slice(from, from + SHOWN))
    this.watch.differs(
      `Agent ${this.agentId} ${what} when it ran again: first ${cut(before)}, then ${cut(now)}. ` +
        'A handler runs again from its beginning after a crash and after every wait; what does not repeat, such as a time, ' +
        'a random number or a request, belongs into ctx.step, or after the last durable call',
    )
  }
}

/** What is no JSON is refused elsewhere, with a reason. */
function asText(value: unknown): string {
  try {
    return JSON.stringify(value) ?? ''
  } catch {
    return String(value)
  }
}
