/** What a running turn has said so far, and a task with it: how a task looks while its turn runs. */
import type { ArtifactJson, TaskJson, TaskStatusJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import type { Position } from '../a2a/cursor.js'
import type { TaskRecord } from './task-record.js'

export interface TurnPicture {
  readonly turn: number
  /** Place up to which the picture goes. */
  readonly attempt: number
  readonly seq: number
  /** Undefined while the attempt has shown no status. */
  readonly status?: TaskStatusJson
  /** Artifacts that the attempt has made or changed, whole. */
  readonly artifacts: readonly ArtifactJson[]
}

/** A running turn that has come to wait for the caller while its handler goes on, or works again. */
export interface TurnStanding extends TurnPicture {
  readonly status: TaskStatusJson
  /** Metadata of the event that said so. */
  readonly eventMetadata?: TaskJson['metadata']
}

/** The record with what its running turn has said since; a picture of another turn changes nothing. */
export function withPicture<Record extends Pick<TaskRecord, 'position' | 'task'>>(
  record: Record,
  picture: TurnPicture | undefined,
): Record {
  const running = !record.position.ended && picture?.turn === record.position.turn
  if (!running || isBehind(picture, record.position)) return record
  const { turn, attempt, seq, status, artifacts } = picture
  const byId = new Map((record.task.artifacts ?? []).map((artifact) => [artifact.artifactId, artifact]))
  for (const artifact of artifacts) byId.set(artifact.artifactId, artifact)
  return {
    ...record,
    position: { turn, attempt, seq, ended: false },
    task: {
      ...record.task,
      ...(byId.size === 0 ? {} : { artifacts: [...byId.values()] }),
      ...(status === undefined ? {} : { status }),
    },
  }
}

/** The record as lists show it while the turn stands so: artifacts are shown by what reads the task itself. */
export function withStanding<Record extends Pick<TaskRecord, 'position' | 'task'>>(
  record: Record,
  standing: TurnStanding | undefined,
): Record {
  return withPicture(record, standing && { ...standing, artifacts: [] })
}

function isBehind(picture: TurnPicture, position: Position): boolean {
  return picture.attempt < position.attempt || (picture.attempt === position.attempt && picture.seq < position.seq)
}
