/**
 * The limits that agents declare, counted in this process: with several gateways each counts for itself.
 *
 * A window begins with its first message. What is kept is one number per limit and caller, until the window ends.
 */
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { A2AError } from '../a2a/errors.js'
import type { AgentDirectory } from '../agent/agent-definition.js'
import { RATE_UNITS, type RateLimit } from '../agent/rate-limits.js'
import type { RateLimiter } from '../service/ports.js'

export function createRateLimiter(agents: AgentDirectory): RateLimiter {
  const counters = new Map([...agents].map(([id, { rateLimits }]) => [id, rateLimits.map(createCounter)]))
  return {
    async take(agent, { tenant, principal }, skill) {
      const named = skill !== undefined && agent.skillIds.includes(skill) ? skill : ''
      const caller = JSON.stringify([tenant, principal])
      const counted: { undo(): Promise<unknown> }[] = []
      for (const { limit, windows } of counters.get(agent.id) ?? []) {
        if (limit.skills?.includes(named) === false) continue
        const key = limit.by === 'caller' ? caller : ''
        try {
          await windows.consume(key)
        } catch (error) {
          if (!(error instanceof RateLimiterRes)) throw error
          await windows.reward(key)
          for (const { undo } of counted) await undo()
          throw refused(agent.id, limit, error.msBeforeNext)
        }
        counted.push({ undo: () => windows.reward(key) })
      }
    },
  }
}

function createCounter(limit: RateLimit) {
  return { limit, windows: new RateLimiterMemory({ points: limit.max, duration: RATE_UNITS[limit.unit] }) }
}

function refused(agentId: string, { unit, max, by, skills }: RateLimit, retryAfterMs: number): A2AError {
  const what = skills === undefined || skills.includes('') ? 'messages' : `messages for ${skills.join()}`
  const rate = `${max} ${what} ${unit.replace('per', 'per ').toLowerCase()}`
  return new A2AError(
    'RATE_LIMITED',
    `Agent ${agentId} takes ${rate}${by === 'caller' ? ' from one caller' : ''}; try again later`,
    { metadata: { limit: unit, max: String(max), by }, retryAfterMs },
  )
}
