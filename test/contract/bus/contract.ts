/** What readers, publishers and owners may expect of any bus. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { START } from '../../../src/a2a/cursor.js'
import type { EventBus, Subscription } from '../../../src/bus/event-bus.js'
import { type LiveEvent, taskKey } from '../../../src/bus/live-event.js'
import type { TurnPicture } from '../../../src/task/turn-picture.js'
import { eventually } from '../../support/reading.js'

/** The same bus twice, or two that are connected. */
export interface Buses {
  /** Where turns run. */
  readonly there: EventBus
  /** Where readers are. */
  readonly here: EventBus
  stop(): Promise<void>
}

let tasks = 0

export function newKey(taskId = `task-${++tasks}`): string {
  return taskKey({ tenant: '', agentId: 'agent', taskId })
}

export function chunk(key: string, seq: number, text = `chunk ${seq}`): LiveEvent {
  const taskId = key.slice(key.lastIndexOf('/') + 1)
  const event = {
    artifactUpdate: { taskId, contextId: 'c', artifact: { artifactId: 'a', parts: [{ text }] }, append: true },
  }
  return { key, cursor: { turn: 1, attempt: 1, seq }, kind: 'update', event, bytes: text.length + 100 }
}

export function end(key: string, seq: number): LiveEvent {
  const taskId = key.slice(key.lastIndexOf('/') + 1)
  const status = { state: 'TASK_STATE_COMPLETED' as const, timestamp: '2026-01-02T03:04:05.678Z' }
  return {
    key,
    cursor: { turn: 1, attempt: 1, seq },
    kind: 'end',
    event: { statusUpdate: { taskId, contextId: 'c', status } },
    bytes: 200,
    task: { id: taskId, contextId: 'c', status },
  }
}

/** Resolves with the next events, fails when they do not come. */
export async function next(subscription: Subscription, count = 1): Promise<LiveEvent[]> {
  const events: LiveEvent[] = []
  const timeout = setTimeout(() => subscription.close(), 5_000)
  while (events.length < count) {
    const step = await subscription.next()
    if (step.done === true) throw new Error(`ended (${step.value}) after ${events.length} of ${count} events`)
    events.push(step.value)
  }
  clearTimeout(timeout)
  return events
}

export const seqs = (events: readonly LiveEvent[]) => events.map(({ cursor }) => cursor.seq)

export function busContract(name: string, open: () => Promise<Buses>): void {
  describe(name, () => {
    let buses: Buses
    let here: EventBus
    let there: EventBus

    beforeAll(async () => {
      buses = await open()
      here = buses.here
      there = buses.there
    })
    afterAll(() => buses.stop())

    /** A subscription that is known to be in effect on both sides. */
    async function listen(key: string, statesOnly = false): Promise<Subscription> {
      const subscription = here.subscribe(key, { statesOnly })
      await eventually(() => {
        there.publish(end(key, 0))
        expect(subscription.isEmpty).toBe(false)
      })
      // What the probing has left on the way comes before anything that is published from now on.
      there.publish(end(key, 1_000_000))
      for (;;) if (seqs(await next(subscription))[0] === 1_000_000) return subscription
    }

    it('brings events unchanged and in order', async () => {
      const key = newKey()
      const subscription = await listen(key)
      const events = [...Array.from({ length: 300 }, (_, i) => chunk(key, i + 1)), end(key, 301)]
      for (const event of events) there.publish(event)
      const got = await next(subscription, 301)
      expect(got.map(({ bytes: _, ...event }) => event)).toEqual(events.map(({ bytes: _, ...event }) => event))
      expect(got.every(({ bytes }) => bytes > 0)).toBe(true)
      here.unsubscribe(key, subscription)
    })

    it('brings them to every reader of the task, and of no other task', async () => {
      const [key, other] = [newKey(), newKey()]
      const [first, second, third] = [await listen(key), await listen(key), await listen(other)]
      first.poll()
      there.publish(chunk(key, 1))
      there.publish(chunk(other, 2))
      const own = async (subscription: Subscription) => {
        for (;;) {
          const [event] = await next(subscription)
          if (event?.kind === 'update') return event.cursor.seq
        }
      }
      expect(await Promise.all([first, second, third].map(own))).toEqual([1, 1, 2])
      for (const each of [first, second]) here.unsubscribe(key, each)
      here.unsubscribe(other, third)
    })

    it('spares those who only wait for states everything else', async () => {
      const key = newKey()
      const subscription = await listen(key, true)
      for (const event of [chunk(key, 1), chunk(key, 2), end(key, 3)]) there.publish(event)
      expect(seqs(await next(subscription))).toEqual([3])
      here.unsubscribe(key, subscription)
    })

    it('brings what is larger than a frame of any bus as it is, in its place', async () => {
      const key = newKey()
      const subscription = await listen(key)
      while (!subscription.isEmpty) subscription.poll()
      const events = [
        chunk(key, 1),
        chunk(key, 2, `${'large '.repeat(400_000)}one`),
        chunk(key, 3),
        chunk(key, 4, `${'large '.repeat(400_000)}two`),
        chunk(key, 5),
        end(key, 6),
      ]
      for (const event of events) there.publish(event)
      const got = await next(subscription, events.length)
      expect(got.map(({ bytes: _, ...event }) => event)).toEqual(events.map(({ bytes: _, ...event }) => event))
      const picture: TurnPicture = {
        turn: 1,
        attempt: 1,
        seq: 5,
        artifacts: [{ artifactId: 'a', parts: [{ raw: 'A'.repeat(4_000_000), filename: 'f' }, { text: 'small' }] }],
      }
      const disown = there.own(key, { picture: () => picture, cancelHint: () => {} })
      await eventually(async () => expect(await here.request(key)).toEqual(picture))
      disown()
      here.unsubscribe(key, subscription)
    })

    it('cuts a reader that does not keep up, and nobody else', async () => {
      const key = newKey()
      const [slow, quick] = [await listen(key), await listen(key)]
      while (!quick.isEmpty) quick.poll()
      for (let seq = 1; seq <= 2_000; seq += 1) {
        there.publish(chunk(key, seq))
        if (seq % 100 === 0) await next(quick, 100)
      }
      await eventually(() => expect(slow.outcome).toBe('overflow'))
      there.publish(end(key, 2_001))
      expect(seqs(await next(quick))).toEqual([2_001])
      here.unsubscribe(key, slow)
      here.unsubscribe(key, quick)
    })

    it('ends a subscription for good: what comes later reaches those who stay', async () => {
      const key = newKey()
      const [left, stays] = [await listen(key), await listen(key)]
      here.unsubscribe(key, left)
      here.unsubscribe(key, left)
      while (!stays.isEmpty) stays.poll()
      there.publish(chunk(key, 1))
      expect(seqs(await next(stays))).toEqual([1])
      while (!left.isEmpty) expect(left.poll()?.cursor.seq).not.toBe(1)
      expect(left.outcome).toBe('closed')
      here.unsubscribe(key, stays)
    })

    it('asks the owner of a turn what was said, as long as there is one', async () => {
      const key = newKey()
      expect(await here.request(key)).toBeUndefined()
      const picture: TurnPicture = {
        turn: 1,
        attempt: 2,
        seq: 3,
        status: { state: 'TASK_STATE_WORKING', timestamp: '2026-01-02T03:04:05.678Z' },
        artifacts: [{ artifactId: 'a', parts: [{ text: 'so far' }, { data: { deep: [1, null] } }] }],
      }
      const disown = there.own(key, { picture: () => picture, cancelHint: () => {} })
      await eventually(async () => expect(await here.request(key)).toEqual(picture))
      disown()
      await eventually(async () => expect(await here.request(key)).toBeUndefined())
    })

    it('tells the owner of a cancel, and loses it when there is none', async () => {
      const key = newKey()
      here.cancel(key)
      expect(await here.request(key)).toBeUndefined()
      let canceled = 0
      const disown = there.own(key, {
        picture: () => ({ turn: 1, attempt: 1, seq: 0, artifacts: [] }),
        cancelHint: () => {
          canceled += 1
        },
      })
      await eventually(async () => expect(await here.request(key)).toBeDefined())
      expect(canceled).toBe(0)
      here.cancel(key)
      await eventually(() => expect(canceled).toBe(1))
      disown()
    })

    it('tells what was missed, in order and without a gap, also after the turn', async () => {
      const key = newKey()
      expect(await here.missed(key, START)).toEqual([])
      const disown = there.own(key, { picture: () => undefined, cancelHint: () => {} })
      const events = [...Array.from({ length: 50 }, (_, i) => chunk(key, i + 1)), end(key, 51)]
      for (const event of events) there.publish(event)
      const expected = events.map(({ bytes: _, task: __, ...event }) => event)
      const missed = async (seq: number) => {
        const got = await here.missed(key, { turn: 1, attempt: 1, seq, ended: false })
        return got.map(({ bytes: _, task: __, ...event }) => event)
      }
      await eventually(async () => expect(await missed(20)).toEqual(expected.slice(20)))
      disown()
      expect(await missed(49)).toEqual(expected.slice(49))
      expect(await missed(51)).toEqual([])
    })

    it('takes any task id for what it is', async () => {
      const ids = ['*', '>', 'a.*.b', 'x > y', '☃']
      const keys = ids.map((id) => newKey(id))
      const subscriptions = await Promise.all(keys.map((key) => listen(key)))
      for (const [i, subscription] of subscriptions.entries()) {
        while (!subscription.isEmpty) subscription.poll()
        there.publish(chunk(keys[i] ?? '', i + 1))
      }
      const got = await Promise.all(subscriptions.map((subscription) => next(subscription)))
      expect(got.map(([event]) => [event?.key, event?.cursor.seq])).toEqual(keys.map((key, i) => [key, i + 1]))
      for (const [i, subscription] of subscriptions.entries()) here.unsubscribe(keys[i] ?? '', subscription)
    })
  })
}
