/** Events of one task, for servers whose answers are written by the test. */
import type { StreamResponseJson, TaskJson, TaskStateJson, TaskStatusJson } from '../../gen/lf/a2a/v1/a2a_pb.js'

export const state = (name: string) => `TASK_STATE_${name}` as TaskStateJson

/** Without a time, as careless servers leave it out. */
export function statusOf(name: string, text?: string): TaskStatusJson {
  if (text === undefined) return { state: state(name) }
  return { state: state(name), message: { messageId: text, role: 'ROLE_AGENT', parts: [{ text }] } }
}

export function task(name: string, text?: string): StreamResponseJson & { task: TaskJson } {
  const artifacts = text === undefined ? {} : { artifacts: [{ artifactId: 'a', parts: [{ text }] }] }
  return { task: { id: 't', contextId: 'c', status: statusOf(name), ...artifacts } }
}

export function status(name: string): StreamResponseJson {
  return { statusUpdate: { taskId: 't', contextId: 'c', status: statusOf(name) } }
}

export function chunk(text: string, append = true): StreamResponseJson {
  return { artifactUpdate: { taskId: 't', contextId: 'c', artifact: { artifactId: 'a', parts: [{ text }] }, append } }
}
