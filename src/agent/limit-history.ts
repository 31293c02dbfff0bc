/** How many of the earlier messages a handler sees: the latest. */
import type { AgentContext } from './agent-context.js'
import type { Handler } from './agent-definition.js'

/** Stands for all of them where a number has to be said. */
export const ALL_MESSAGES = Number.POSITIVE_INFINITY

/**
 * What cannot be right about the messages that a handler asks for; undefined when nothing is wrong.
 *
 * @param whose what else to call it by, after a space
 */
export function historyProblem(messages: number | undefined, whose = ''): string | undefined {
  if (messages === undefined || messages === ALL_MESSAGES || (Number.isInteger(messages) && messages >= 0))
    return undefined
  return `history (${messages})${whose} must be a whole number of messages, 0 or more`
}

/** What all of these need together; undefined for all messages, or when there are none of these. */
export function mostMessages(limits: readonly (number | undefined)[]): number | undefined {
  const most = Math.max(0, ...limits.map((limit) => limit ?? ALL_MESSAGES))
  return limits.length === 0 || most === ALL_MESSAGES ? undefined : most
}

/** @param messages how many; undefined for all */
export function limitHistory(handler: Handler, messages: number | undefined): Handler {
  if (messages === undefined) return handler
  return (message, ctx) => {
    const history = messages === 0 ? [] : ctx.history.slice(-messages)
    return handler(message, Object.create(ctx, { history: { value: history, enumerable: true } }) as AgentContext)
  }
}
