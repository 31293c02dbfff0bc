/** The event that a turn's end becomes, once it is durable. */
import type { MessageJson, TaskJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import type { Position } from '../a2a/cursor.js'
import { type LiveEvent, taskKey } from './live-event.js'

/** What the event needs of a task's record. */
export interface EndedTurn {
  readonly tenant: string
  readonly agentId: string
  readonly taskId: string
  readonly task: TaskJson
  readonly position: Position
  readonly eventMetadata?: TaskJson['metadata']
  readonly answer?: MessageJson
}

/** Bytes an event has besides its status, roughly. */
const ENVELOPE_BYTES = 200

export function stateEvent(ended: EndedTurn): LiveEvent {
  const { taskId, task, position, eventMetadata, answer } = ended
  const { turn, attempt, seq } = position
  const metadata = eventMetadata === undefined ? {} : { metadata: eventMetadata }
  const event =
    answer === undefined
      ? { statusUpdate: { taskId, contextId: task.contextId ?? '', status: task.status ?? {}, ...metadata } }
      : { message: answer }
  const bytes = ENVELOPE_BYTES + JSON.stringify(answer ?? task.status ?? {}).length
  return { key: taskKey(ended), cursor: { turn, attempt, seq }, kind: 'end', event, bytes, task }
}
