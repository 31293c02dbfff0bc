/** Streams of 0.2.5: every field of an event spelled out, the task named in a header, and a pace that the caller sets. */
import type { JsonObject } from '@bufbuild/protobuf'
import { invalidParams } from '../../../a2a/errors.js'
import type { Frame } from '../../../service/stream-step.js'
import type { StreamPace } from '../../http/call.js'
import type { StreamMethod } from '../../method.js'
import { compact, field, isObject } from '../fields.js'

export const TASK_ID_HEADER = 'x-task-id'

/** Seconds, except for the buffer, which is in bytes. What is beyond these bounds is brought within them. */
const BOUNDS = {
  heartbeat: { least: 1, most: 300 },
  timeout: { least: 1, most: 3_600 },
  bufferSize: { least: 1_024, most: 1_048_576 },
} as const

/** As 0.3 has it, and so. */
export function withPace(method: StreamMethod): StreamMethod {
  return {
    ...method,
    event(frame) {
      const event = method.event(frame) as JsonObject
      return event.kind === 'artifact-update' ? { append: false, lastChunk: false, ...event } : event
    },
    headers: taskHeader,
    pace: (params) => streamPace(field(params, 'streamConfig')),
  }
}

function taskHeader({ event }: Frame): Record<string, string> {
  const taskId = event.task?.id ?? event.statusUpdate?.taskId ?? event.artifactUpdate?.taskId
  return taskId === undefined ? {} : { [TASK_ID_HEADER]: taskId }
}

/**
 * `streamConfig`: seconds between heartbeats, seconds that the stream may live, bytes that may wait for a slow reader.
 *
 * @throws A2AError INVALID_PARAMS something that is no positive number
 */
export function streamPace(config: unknown): StreamPace {
  if (config === undefined) return {}
  if (!isObject(config as JsonObject))
    throw invalidParams([{ field: 'streamConfig', description: 'must be an object' }])
  const heartbeat = bounded(config as JsonObject, 'heartbeat')
  const timeout = bounded(config as JsonObject, 'timeout')
  return compact({
    heartbeatMs: heartbeat && heartbeat * 1000,
    maxStreamMs: timeout && timeout * 1000,
    bufferBytes: bounded(config as JsonObject, 'bufferSize'),
  }) as StreamPace
}

function bounded(config: JsonObject, name: keyof typeof BOUNDS): number | undefined {
  const given = field(config, name)
  if (given === undefined) return undefined
  const value = typeof given === 'string' ? Number(given) : given
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) {
    throw invalidParams([{ field: `streamConfig.${name}`, description: 'must be a positive number' }])
  }
  const { least, most } = BOUNDS[name]
  return Math.min(most, Math.max(least, Math.round(value)))
}
