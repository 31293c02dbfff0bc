/** A handler that sees only the latest of the earlier messages. */
import type { AgentContext } from './agent-context.js'
import type { Handler } from './agent-definition.js'

/** @param messages how many; undefined for all */
export function limitHistory(handler: Handler, messages: number | undefined): Handler {
  if (messages === undefined) return handler
  return (message, ctx) => {
    const history = messages === 0 ? [] : ctx.history.slice(-messages)
    return handler(message, Object.create(ctx, { history: { value: history, enumerable: true } }) as AgentContext)
  }
}
