/** Events that change a task, from servers that have not shown it before. */
import type { StreamResponseJson, TaskJson } from '../../../gen/lf/a2a/v1/a2a_pb.js'

export function isUpdate({ statusUpdate, artifactUpdate }: StreamResponseJson): boolean {
  return statusUpdate !== undefined || artifactUpdate !== undefined
}

/** A task as it was when this, its first update, came. */
export function taskBegunBy({ statusUpdate, artifactUpdate }: StreamResponseJson): TaskJson {
  const { taskId: id = '', contextId = '' } = statusUpdate ?? artifactUpdate ?? {}
  return { id, contextId, status: statusUpdate?.status ?? { state: 'TASK_STATE_WORKING' } }
}
