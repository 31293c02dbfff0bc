/**
 * How a task is read while it runs: first the Task, then its events, in order and without a gap. Every stream and every
 * blocking send goes through here.
 *
 * A reader listens before it looks, so nothing falls between. What the bus has lost shows as a gap in the cursors: it is
 * filled with the events themselves while somebody keeps them, else replaced by a new Task. When the bus is silent for long,
 * the reader looks for itself.
 */
import type { MessageJson, TaskJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { stateOf } from '../a2a/state.js'
import type { Subscription } from '../bus/event-bus.js'
import type { Engine } from '../engine/engine.js'
import type { TaskRef } from '../task/task-record.js'
import { Follower, type FollowOptions, vanished } from './follower.js'
import { listen, SilencePace } from './listen.js'
import type { EventStream } from './stream-step.js'
import type { Until } from './until.js'

/**
 * Ends when `until` holds, or quietly when the signal aborts.
 *
 * @throws A2AError UNAVAILABLE the reader was too slow; it can come back
 * @throws A2AError TASK_NOT_FOUND the task has vanished meanwhile
 */
export async function* follow(engine: Engine, ref: TaskRef, options: FollowOptions): EventStream {
  const { subscription, signal } = options
  const follower = new Follower(engine, ref, options)
  if (options.resume !== undefined) {
    yield 'open'
    for (const frame of await follower.resume(options.resume)) yield frame
  } else if (options.first !== undefined) {
    yield follower.task(options.first)
  }
  if (follower.done) return
  for await (const event of listen(subscription, signal, follower.pace)) {
    const next = typeof event === 'string' ? undefined : follower.next(event)
    if (next !== undefined) yield next
    else for (const frame of await follower.catchUp(event)) yield frame
    if (follower.done) return
  }
}

/**
 * The task as soon as `until` holds, or as it is when the time is over or the caller has gone; or the Message that the
 * agent answered with.
 *
 * @param waitMs the longest wait, in milliseconds
 */
export async function waitFor(
  engine: Engine,
  ref: TaskRef,
  options: { subscription: Subscription; until: Until; waitMs: number; signal: AbortSignal },
): Promise<{ task: TaskJson } | { message: MessageJson }> {
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(options.waitMs)])
  for await (const event of listen(options.subscription, signal, new SilencePace(engine))) {
    if (typeof event !== 'string') {
      if (event.event.message !== undefined) return { message: event.event.message }
      const state = event.event.statusUpdate?.status?.state
      if (state === undefined || !options.until(state, event.cursor)) continue
      if (event.task !== undefined) return { task: event.task }
    }
    const reading = await (event === 'silent' ? engine.look(ref) : engine.read(ref))
    if (reading === 'later') continue
    if (reading === undefined) throw vanished(ref)
    if (reading.answer !== undefined) return { message: reading.answer }
    if (options.until(stateOf(reading.task), reading.position)) return { task: reading.task }
  }
  const reading = await engine.read(ref)
  if (reading === undefined) throw vanished(ref)
  return reading.answer === undefined ? { task: reading.task } : { message: reading.answer }
}
