/** Where a reader goes on that hands back a cursor (`Last-Event-ID`). */
import { compareCursors, type Position } from '../a2a/cursor.js'
import { readCursor, taskTag } from '../a2a/cursor-text.js'
import { type A2AError, invalidParams } from '../a2a/errors.js'
import { LAST_EVENT_ID_HEADER } from '../a2a/service-params.js'
import { taskKey } from '../bus/live-event.js'
import type { TaskReading } from '../engine/engine.js'
import type { TaskRef } from '../task/task-record.js'

/**
 * @param reading the task, which the caller may read
 * @throws A2AError INVALID_PARAMS the text is no cursor, or one of another task, or of a place that the task has not reached
 */
export function resumePosition(text: string, ref: TaskRef, { position, reached = position }: TaskReading): Position {
  const cursor = readCursor(text)
  if (cursor === undefined) throw wrongCursor('is not a cursor of this server')
  if (cursor.tag !== taskTag(taskKey(ref))) throw wrongCursor('is the cursor of another task')
  if (compareCursors(cursor.position, reached) > 0) throw wrongCursor('is a place that the task has not reached')
  return cursor.position
}

function wrongCursor(description: string): A2AError {
  return invalidParams([
    {
      field: LAST_EVENT_ID_HEADER,
      description: `${description}; subscribe without it to get the task as it is and what follows`,
    },
  ])
}
