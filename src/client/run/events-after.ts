/** The events after a cursor, for a reader who has nothing but that cursor. */
import type { TaskJson } from '../../../gen/lf/a2a/v1/a2a_pb.js'
import { LAST_EVENT_ID_HEADER } from '../../a2a/service-params.js'
import { isInterrupted, isTerminal } from '../../a2a/state.js'
import type { Caller } from '../caller.js'
import type { PlacedEvent } from '../cursor.js'

export interface AfterOptions {
  readonly id: string
  readonly cursor: string
  readonly signal: AbortSignal
  /** Called with the task when it stands where the cursor is: nothing was missed. */
  atCursor(task: TaskJson): void
}

/**
 * A task that has ended or waits for its caller may have nothing to send after the cursor, and then a stream says neither
 * that nor why. So the task is asked first. One that waits is compared by its place, which only a stream tells: when that is
 * the cursor, the events end here.
 */
export async function* eventsAfter(
  caller: Caller,
  { id, cursor, signal, atCursor }: AfterOptions,
): AsyncGenerator<PlacedEvent, void, undefined> {
  const { status } = await caller.unary('getTask', { id, historyLength: 0 }, { signal })
  if (isInterrupted(status?.state)) {
    const place = await firstOf(caller.stream('subscribeToTask', { id }, { signal }))
    if (place?.event.task !== undefined && place.cursor === cursor) return atCursor(place.event.task)
  }
  const headers = { [LAST_EVENT_ID_HEADER]: cursor }
  let missed = false
  for await (const item of caller.stream('subscribeToTask', { id }, { headers, signal })) {
    missed = true
    yield item
  }
  if (!missed && isTerminal(status?.state)) atCursor(await caller.unary('getTask', { id }, { signal }))
}

async function firstOf<T>(events: AsyncGenerator<T, void, undefined>): Promise<T | undefined> {
  for await (const event of events) return event
  return undefined
}
