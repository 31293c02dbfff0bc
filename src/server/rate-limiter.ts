/**
 * The limits that agents declare, counted in this process: with several gateways each counts for itself.
 *
 * A window begins with its first message. What is kept is one number per limit and caller, until the window ends.
 */
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { A2AError } from '../a2a/errors.js'
import type { AgentDirectory } from '../agent/agent-definition.js'
import { RATE_UNITS, type RateLimit } from '../agent/rate-limits.js'
import type { CallerIdentity } from '../service/call-context.js'
import type { RateLimiter } from '../service/ports.js'

/** When somebody with too many streams may try again, in milliseconds. */
const STREAM_RETRY_MS = 5_000

export interface CallerLimits {
  /** Streams of one authenticated caller. */
  readonly maxStreamsPerCaller: number
}

export function createRateLimiter(agents: AgentDirectory, { maxStreamsPerCaller }: CallerLimits): RateLimiter {
  const counters = new Map([...agents].map(([id, { rateLimits }]) => [id, rateLimits.map(createCounter)]))
  const streams = new Map<string, number>()
  return {
    openStream(caller) {
      if (caller.credential === undefined) return undefined
      const key = keyOf(caller)
      const open = streams.get(key) ?? 0
      if (open >= maxStreamsPerCaller) throw tooManyStreams(maxStreamsPerCaller)
      streams.set(key, open + 1)
      return () => {
        const left = (streams.get(key) ?? 1) - 1
        if (left > 0) streams.set(key, left)
        else streams.delete(key)
      }
    },
    async take(agent, owner, skill) {
      const named = skill !== undefined && agent.skillIds.includes(skill) ? skill : ''
      const caller = keyOf(owner)
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

function keyOf({ tenant, principal }: Pick<CallerIdentity, 'tenant' | 'principal'>): string {
  return JSON.stringify([tenant, principal])
}

function tooManyStreams(max: number): A2AError {
  return new A2AError('RATE_LIMITED', `One caller may have ${max} streams open; close some, or try again later`, {
    metadata: { limit: 'maxStreamsPerCaller', max: String(max) },
    retryAfterMs: STREAM_RETRY_MS,
  })
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
