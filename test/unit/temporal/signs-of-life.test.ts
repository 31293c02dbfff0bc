/** The SDK's own heartbeat, which nobody can await, never replaces what was written after it. */
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { DescribeService } from '../../../src/temporal/activities/describe-turn.js'
import { SignsOfLife } from '../../../src/temporal/activities/signs-of-life.js'
import { TURN_ACTIVITY } from '../../../src/temporal/names.js'
import { toPayloads } from '../../../src/temporal/payloads.js'

const WRITTEN = {
  format: 1,
  turn: 1,
  attempt: 1,
  seq: 0,
  artifacts: [],
  shown: [],
  decided: true,
  failures: 0,
  handovers: 0,
} as const

/** A server on which the SDK's heartbeat arrives so late; never when that is undefined. */
function late(ms: number | undefined) {
  let details: unknown = WRITTEN
  let landed = false
  const rewrites: number[] = []
  const service: DescribeService = {
    describeWorkflowExecution: async () =>
      ({
        pendingActivities: [{ activityType: { name: TURN_ACTIVITY }, heartbeatDetails: toPayloads(details) }],
      }) as never,
  }
  const life = new SignsOfLife({
    context: {
      heartbeat(given) {
        if (ms === undefined) return
        setTimeout(() => {
          details = given
          landed = true
        }, ms)
      },
    },
    heartbeatTimeoutMs: 20,
    turn: { service, namespace: 'default', execution: { workflowId: 'w', runId: 'r' } },
    rewrite: () => rewrites.push(Date.now()),
  })
  return { life, rewrites, landed: () => landed }
}

describe('a sign of life', () => {
  it('lets nothing follow until the heartbeat has arrived', async () => {
    const { life, rewrites, landed } = late(600)
    await delay(25)
    await life.show(WRITTEN)
    expect(landed()).toBe(true)
    await delay(300)
    expect(rewrites).toEqual([])
    life.stop()
  })

  it('comes once in a timeout', async () => {
    const { life, landed } = late(0)
    await life.show(WRITTEN)
    expect(landed()).toBe(false)
    life.stop()
  })

  it('of which nothing is seen is written over, and holds nothing up for long', async () => {
    const { life, rewrites } = late(undefined)
    await delay(25)
    const begun = performance.now()
    await life.show(WRITTEN)
    expect(performance.now() - begun).toBeLessThan(4_000)
    await delay(400)
    expect(rewrites).toHaveLength(1)
    life.stop()
    await delay(1_000)
    expect(rewrites).toHaveLength(1)
  })

  it('ends with its turn', async () => {
    const { life, rewrites } = late(undefined)
    await delay(25)
    const shown = life.show(WRITTEN)
    life.stop()
    await shown
    await delay(300)
    expect(rewrites).toEqual([])
  })
})
