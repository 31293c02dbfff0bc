/** Heartbeats, cancel, failure: a cancel on the bus is believed when Temporal has it. */
import { describe, expect, it } from 'vitest'
import { CancelCheck } from '../../../src/temporal/activities/cancel-check.js'
import type { DescribeService } from '../../../src/temporal/activities/describe-turn.js'
import { eventually } from '../../support/reading.js'

type Described = Awaited<ReturnType<DescribeService['describeWorkflowExecution']>>

/** @param answers what Temporal says, one after the other; the last one again and again */
function check(answers: readonly (boolean | Error)[]) {
  const world = { asked: 0, atOnce: 0, mostAtOnce: 0, confirmed: 0, failures: 0, hold: Promise.resolve() }
  const over = new AbortController()
  const made = new CancelCheck({
    service: {
      async describeWorkflowExecution() {
        const answer = answers[Math.min(world.asked, answers.length - 1)]
        world.asked += 1
        world.atOnce += 1
        world.mostAtOnce = Math.max(world.mostAtOnce, world.atOnce)
        await world.hold
        world.atOnce -= 1
        if (answer instanceof Error) throw answer
        return { workflowExtendedInfo: { cancelRequested: answer } } as Described
      },
    },
    namespace: 'default',
    execution: { workflowId: 'w', runId: 'r' },
    signal: over.signal,
    onConfirmed: () => {
      world.confirmed += 1
      over.abort()
    },
    onFailure: () => {
      world.failures += 1
    },
  })
  return { world, check: made, over }
}

describe('a cancel that the bus tells of', () => {
  it('is believed once Temporal says so, however often it is told', async () => {
    const { world, check: own } = check([true])
    for (let i = 0; i < 100; i += 1) own.hint()
    await eventually(() => expect(world).toMatchObject({ asked: 1, confirmed: 1 }))
  })

  it('is not believed when Temporal knows nothing of it; a flood of them is one question at a time', async () => {
    const { world, check: own, over } = check([false])
    for (let i = 0; i < 100; i += 1) own.hint()
    await eventually(() => expect(world.asked).toBe(1))
    for (let i = 0; i < 100; i += 1) own.hint()
    await eventually(() => expect(world.asked).toBe(2))
    over.abort()
    expect(world).toMatchObject({ confirmed: 0, mostAtOnce: 1 })
  })

  it('is asked about anew when it came while Temporal was answering', async () => {
    const { world, check: own } = check([false, true])
    const held = Promise.withResolvers<void>()
    world.hold = held.promise
    own.hint()
    own.hint()
    held.resolve()
    await eventually(() => expect(world).toMatchObject({ asked: 2, confirmed: 1, mostAtOnce: 1 }))
  })

  it('is asked about by the next hint when Temporal could not be asked', async () => {
    const { world, check: own } = check([new Error('away'), true])
    own.hint()
    await eventually(() => expect(world.failures).toBe(1))
    expect(world.confirmed).toBe(0)
    own.hint()
    await eventually(() => expect(world.confirmed).toBe(1))
  })

  it('is no question any more when the turn is over', async () => {
    const { world, check: own, over } = check([true])
    over.abort()
    own.hint()
    await new Promise((resolve) => setImmediate(resolve))
    expect(world.asked).toBe(0)
  })
})
