/** One connection that the events of a task come over, or one look at the task where there are no streams. */
import type { TaskJson } from '../../../gen/lf/a2a/v1/a2a_pb.js'
import { LAST_EVENT_ID_HEADER } from '../../a2a/service-params.js'
import type { Caller } from '../caller.js'
import type { PlacedEvent } from '../cursor.js'
import { eventsAfter } from './events-after.js'
import type { OpenStream } from './send.js'

/** How a task is read on. */
export interface SourcePlace {
  readonly id: string
  readonly cursor: string | undefined
  /** Nothing is known of the task but its cursor. */
  readonly blind: boolean
  /** By looking again and again. */
  readonly polls: boolean
  /** Called with the task when it stands at the cursor: there is no event to show. */
  atCursor(task: TaskJson): void
}

interface SourceState {
  /** Opened after events may have been lost: its first Task is news only as far as it differs. */
  readonly resumed: boolean
  /** It has to begin with the Task. Servers of A2A 0.3 and careless ones leave it out. */
  readonly needsTask: boolean
  /** To be read before what follows. */
  readonly held?: PlacedEvent
}

export class Source {
  readonly resumed: boolean
  needsTask: boolean
  private held: PlacedEvent | undefined
  private readonly events: AsyncGenerator<PlacedEvent, void, undefined>
  private readonly abort: (reason?: unknown) => void

  private constructor(
    events: AsyncGenerator<PlacedEvent, void, undefined>,
    abort: (reason?: unknown) => void,
    { resumed, needsTask, held }: SourceState,
  ) {
    this.events = events
    this.abort = abort
    this.resumed = resumed
    this.needsTask = needsTask
    this.held = held
  }

  /**
   * Goes on with the stream that a message was sent by.
   *
   * @param needsTask the first event is kept, since a Task has to come before it
   */
  static sent({ first, rest, abort }: OpenStream, needsTask: boolean): Source {
    return new Source(rest, abort, { resumed: false, needsTask, ...(needsTask ? { held: first } : {}) })
  }

  static open(caller: Caller, place: SourcePlace): Source {
    const life = new AbortController()
    const events = eventsFrom(caller, place, life.signal)
    return new Source(events, (reason) => life.abort(reason), { resumed: true, needsTask: place.cursor === undefined })
  }

  /** Undefined when the server has closed it. */
  async next(): Promise<PlacedEvent | undefined> {
    const { held } = this
    this.held = undefined
    if (held !== undefined) return held
    const step = await this.events.next()
    return step.done === true ? undefined : step.value
  }

  /** Ends the connection, also in the middle of a read. */
  close(reason?: unknown): void {
    this.abort(reason)
    void this.events.return().catch(() => {})
  }
}

function eventsFrom(
  caller: Caller,
  { id, cursor, blind, polls, atCursor }: SourcePlace,
  signal: AbortSignal,
): AsyncGenerator<PlacedEvent, void, undefined> {
  if (polls) return look(caller, id, signal)
  if (cursor === undefined) return caller.stream('subscribeToTask', { id }, { signal })
  if (blind) return eventsAfter(caller, { id, cursor, signal, atCursor })
  return caller.stream('subscribeToTask', { id }, { signal, headers: { [LAST_EVENT_ID_HEADER]: cursor } })
}

/** A stream of one event: the Task as it is. */
async function* look(caller: Caller, id: string, signal: AbortSignal): AsyncGenerator<PlacedEvent, void, undefined> {
  yield { event: { task: await caller.unary('getTask', { id }, { signal }) }, cursor: undefined }
}
