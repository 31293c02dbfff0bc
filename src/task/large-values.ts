/**
 * Large values of parts, kept outside of the task that they belong to: in their place stands a reference. A task that is
 * shown never holds one, and no wire can bring one in: the schema does not know the field.
 */
import type {
  ArtifactJson,
  MessageJson,
  PartJson,
  StreamResponseJson,
  TaskJson,
  TaskStatusJson,
} from '../../gen/lf/a2a/v1/a2a_pb.js'
import type { TurnResult } from './task-record.js'

/** Sizes, in bytes. */
export const LARGE_VALUES = {
  /** From this size on a value is kept outside. */
  from: 65_536,
  /** All large values of one task together. */
  perTask: 104_857_600,
} as const

export type LargeKind = 'text' | 'raw' | 'data'

/** What stands in a part in place of its value. */
export interface LargeValue {
  readonly kind: LargeKind
  /** SHA-256 of the bytes, in hex. */
  readonly hash: string
  /** Bytes: of UTF-8 for text and data, of the content itself for raw. */
  readonly size: number
}

/** A part whose value may be kept outside. */
export type StoredPart = PartJson & { readonly large?: LargeValue }

export type MapPart = (part: StoredPart) => StoredPart

export function mapMessage<T extends MessageJson | undefined>(message: T, map: MapPart): T {
  return message?.parts === undefined ? message : { ...message, parts: message.parts.map(map) }
}

export function mapArtifact(artifact: ArtifactJson, map: MapPart): ArtifactJson {
  return artifact.parts === undefined ? artifact : { ...artifact, parts: artifact.parts.map(map) }
}

export function mapStatus<T extends TaskStatusJson | undefined>(status: T, map: MapPart): T {
  return status?.message === undefined ? status : { ...status, message: mapMessage(status.message, map) }
}

export function mapTask(task: TaskJson, map: MapPart): TaskJson {
  const { status, history, artifacts } = task
  return {
    ...task,
    ...(status === undefined ? {} : { status: mapStatus(status, map) }),
    ...(history === undefined ? {} : { history: history.map((message) => mapMessage(message, map)) }),
    ...(artifacts === undefined ? {} : { artifacts: artifacts.map((artifact) => mapArtifact(artifact, map)) }),
  }
}

export function mapEvent(event: StreamResponseJson, map: MapPart): StreamResponseJson {
  const { task, message, statusUpdate, artifactUpdate } = event
  return {
    ...event,
    ...(task === undefined ? {} : { task: mapTask(task, map) }),
    ...(message === undefined ? {} : { message: mapMessage(message, map) }),
    ...(statusUpdate?.status === undefined
      ? {}
      : { statusUpdate: { ...statusUpdate, status: mapStatus(statusUpdate.status, map) } }),
    ...(artifactUpdate?.artifact === undefined
      ? {}
      : { artifactUpdate: { ...artifactUpdate, artifact: mapArtifact(artifactUpdate.artifact, map) } }),
  }
}

export function mapResult(result: TurnResult, map: MapPart): TurnResult {
  const { message, answer } = result
  return {
    ...result,
    artifacts: result.artifacts.map((artifact) => mapArtifact(artifact, map)),
    ...(message === undefined ? {} : { message: mapMessage(message, map) }),
    ...(answer === undefined ? {} : { answer: mapMessage(answer, map) }),
  }
}

/** The references in whatever one of the functions above walks through. */
export function largeValuesIn<T>(value: T, walk: (value: T, map: MapPart) => unknown): LargeValue[] {
  const found: LargeValue[] = []
  walk(value, (part) => {
    if (part.large !== undefined) found.push(part.large)
    return part
  })
  return found
}
