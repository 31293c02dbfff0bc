/** Events as short lines without ids and times, for lists that are written into a test. */
import type { PartJson, StreamResponseJson, TaskStatusJson } from '../../gen/lf/a2a/v1/a2a_pb.js'

/**
 * One line an event:
 *
 * | event | line |
 * |---|---|
 * | the Task | `task SUBMITTED` |
 * | a status | `WORKING`, `INPUT_REQUIRED: Which city?` |
 * | an artifact | `artifact "text"`, `artifact plan {"city":"Rome"}`, `artifact [ticket.pdf]` |
 * | a further chunk of one | `+ "text"` |
 * | a replacement by which a lost attempt is withdrawn | `superseded` |
 * | a Message | `message "text"` |
 */
export function outline(events: Iterable<StreamResponseJson>): string[] {
  return Array.from(events, line)
}

function line({ task, statusUpdate, artifactUpdate, message }: StreamResponseJson): string {
  if (task !== undefined) return `task ${statusLine(task.status)}`
  if (statusUpdate !== undefined) return statusLine(statusUpdate.status)
  if (message !== undefined) return `message ${partsLine(message.parts)}`
  const { artifact, append } = artifactUpdate ?? {}
  if (artifact?.metadata?.superseded === true) return 'superseded'
  const name = artifact?.name === undefined || artifact.name === '' ? '' : ` ${artifact.name}`
  return append === true ? `+ ${partsLine(artifact?.parts)}` : `artifact${name} ${partsLine(artifact?.parts)}`
}

function statusLine(status: TaskStatusJson | undefined): string {
  const state = (status?.state ?? 'TASK_STATE_UNSPECIFIED').replace('TASK_STATE_', '')
  const text = (status?.message?.parts ?? []).map((part) => part.text ?? partLine(part)).join(' ')
  return text === '' ? state : `${state}: ${text}`
}

function partsLine(parts: readonly PartJson[] = []): string {
  return parts.map(partLine).join(' ')
}

function partLine(part: PartJson): string {
  if (part.text !== undefined) return JSON.stringify(part.text)
  if (part.data !== undefined) return JSON.stringify(part.data)
  return `[${part.filename ?? part.url ?? part.mediaType ?? 'bytes'}]`
}
