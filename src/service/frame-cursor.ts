/** The cursor in an event's own metadata, for callers that have asked for the extension. */
import { CURSOR_EXTENSION } from '../a2a/cursor-text.js'
import type { StreamStep } from './stream-step.js'

export function withCursor(step: StreamStep): StreamStep {
  if (step === 'open' || step.cursor === undefined) return step
  const { event, cursor } = step
  const own = { [CURSOR_EXTENSION]: cursor }
  const { task, statusUpdate, artifactUpdate } = event
  if (task !== undefined) return { ...step, event: { task: { ...task, metadata: { ...task.metadata, ...own } } } }
  if (statusUpdate !== undefined) {
    return { ...step, event: { statusUpdate: { ...statusUpdate, metadata: { ...statusUpdate.metadata, ...own } } } }
  }
  if (artifactUpdate === undefined) return step
  return { ...step, event: { artifactUpdate: { ...artifactUpdate, metadata: { ...artifactUpdate.metadata, ...own } } } }
}
