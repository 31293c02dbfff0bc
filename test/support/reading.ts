/** Short ways to look at what a wire gave back. */
import type { JsonObject } from '@bufbuild/protobuf'
import type { StreamResponseJson, TaskJson } from '../../gen/lf/a2a/v1/a2a_pb.js'

let messages = 0

/** A message of the user, with a new id. */
export function userMessage(text: string, more: JsonObject = {}): JsonObject {
  messages += 1
  return { messageId: `m-${process.pid}-${messages}`, role: 'ROLE_USER', parts: [{ text }], ...more }
}

export function send(text: string, more: JsonObject = {}, message: JsonObject = {}): JsonObject {
  return { message: userMessage(text, message), ...more }
}

export function taskOf(answer: JsonObject): TaskJson & { id: string; contextId: string } {
  if (answer.task === undefined) throw new Error(`no task: ${JSON.stringify(answer)}`)
  return answer.task as never
}

export function textOf(task: TaskJson): string {
  return (task.artifacts ?? []).flatMap(({ parts }) => (parts ?? []).map(({ text }) => text ?? '')).join('')
}

export function stateOf(task: TaskJson): string | undefined {
  return task.status?.state
}

export function statusText(task: TaskJson): string | undefined {
  return task.status?.message?.parts?.[0]?.text
}

export async function all<T>(events: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const event of events) list.push(event)
  return list
}

/** What kinds of event came, states spelled out: `task SUBMITTED`, `status WORKING`, `artifact`, `message`. */
export function outline(events: readonly StreamResponseJson[]): string[] {
  return events.map(({ task, statusUpdate, artifactUpdate, message }) => {
    if (task !== undefined) return `task ${shortState(task.status?.state)}`
    if (statusUpdate !== undefined) return `status ${shortState(statusUpdate.status?.state)}`
    if (artifactUpdate !== undefined) return 'artifact'
    return message === undefined ? 'nothing' : 'message'
  })
}

/** The text that a reader of the stream ends up with. */
export function streamedText(events: readonly StreamResponseJson[]): string {
  const artifacts = new Map<string, string>()
  for (const { task, artifactUpdate } of events) {
    for (const artifact of task?.artifacts ?? []) {
      artifacts.set(artifact.artifactId ?? '', (artifact.parts ?? []).map(({ text }) => text ?? '').join(''))
    }
    const artifact = artifactUpdate?.artifact
    if (artifact === undefined) continue
    const text = (artifact.parts ?? []).map(({ text }) => text ?? '').join('')
    const before = artifactUpdate?.append === true ? (artifacts.get(artifact.artifactId ?? '') ?? '') : ''
    artifacts.set(artifact.artifactId ?? '', before + text)
  }
  return [...artifacts.values()].join('')
}

function shortState(state: string | undefined): string {
  return (state ?? '?').replace('TASK_STATE_', '')
}

/** Tries until it does not throw; for what becomes true a little later. */
export async function eventually<T>(check: () => Promise<T> | T, ms = 5_000): Promise<T> {
  const end = Date.now() + ms
  for (;;) {
    try {
      return await check()
    } catch (error) {
      if (Date.now() > end) throw error
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}
