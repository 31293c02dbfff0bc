/** What a client may ask to see of a task: less history, no artifacts. */
import type { TaskJson } from '../../gen/lf/a2a/v1/a2a_pb.js'

/**
 * The task with at most `historyLength` of its latest messages; `undefined` shows all, 0 leaves the field out
 * (A2A section 3.2.4).
 */
export function limitHistory(task: TaskJson, historyLength: number | undefined): TaskJson {
  if (historyLength === undefined) return task
  const { history, ...rest } = task
  if (historyLength === 0 || history === undefined) return rest
  return { ...rest, history: history.slice(-historyLength) }
}

/** The task without the `artifacts` key (A2A section 3.1.4). */
export function withoutArtifacts(task: TaskJson): TaskJson {
  const { artifacts: _, ...rest } = task
  return rest
}
