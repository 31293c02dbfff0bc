/** Walks through the parts of what a task remembers: records, turns, journals. */
import type { CallOutcome, JournalEntry } from './journal-entry.js'
import { type MapParts, mapArtifact, mapMessage, mapStatus, mapTask, type StoredPart } from './large-values.js'
import type { OpenAgentCall, SuspendedHandler } from './suspension.js'
import type { QueuedMessage, TaskRecord, TurnResult } from './task-record.js'
import type { TurnInput } from './turn-input.js'
import type { Checkpoint } from './turn-outcome.js'
import type { TurnPicture } from './turn-picture.js'

export function mapRecord(record: TaskRecord, map: MapParts): TaskRecord {
  const { inbox, suspended } = record
  return {
    ...mapTaskAndAnswer(record, map),
    inbox: inbox.map((queued) => mapQueued(queued, map)),
    ...(suspended === undefined ? {} : { suspended: mapSuspended(suspended, map) }),
  }
}

/** A task as it is read or kept, with the Message that it ended as when it did. */
export function mapTaskAndAnswer<T extends Pick<TaskRecord, 'task' | 'answer'>>(value: T, map: MapParts): T {
  const { task, answer } = value
  return {
    ...value,
    task: mapTask(task, map),
    ...(answer === undefined ? {} : { answer: mapMessage(answer, map) }),
  }
}

export function mapResult(result: TurnResult, map: MapParts): TurnResult {
  const { message, answer, suspended } = result
  return {
    ...result,
    artifacts: result.artifacts.map((artifact) => mapArtifact(artifact, map)),
    ...(message === undefined ? {} : { message: mapMessage(message, map) }),
    ...(answer === undefined ? {} : { answer: mapMessage(answer, map) }),
    ...(suspended === undefined ? {} : { suspended: mapSuspended(suspended, map) }),
  }
}

export function mapTurnInput(input: TurnInput, map: MapParts): TurnInput {
  const { resumed } = input
  return {
    ...input,
    task: mapTask(input.task, map),
    message: mapMessage(input.message, map),
    ...(resumed === undefined ? {} : { resumed: { ...resumed, suspension: mapSuspended(resumed.suspension, map) } }),
  }
}

export function mapPicture<T extends TurnPicture>(picture: T, map: MapParts): T {
  const { status, artifacts } = picture
  return {
    ...picture,
    ...(status === undefined ? {} : { status: mapStatus(status, map) }),
    artifacts: artifacts.map((artifact) => mapArtifact(artifact, map)),
  }
}

export function mapCheckpoint(checkpoint: Checkpoint, map: MapParts): Checkpoint {
  const { journal, finished, result } = checkpoint
  return {
    ...mapPicture(checkpoint, map),
    ...(journal === undefined ? {} : { journal: mapJournal(journal, map) }),
    ...(finished === undefined ? {} : { finished: mapJournal(finished, map) }),
    ...(result === undefined ? {} : { result: mapResult(result, map) }),
  }
}

export function mapJournal(journal: readonly JournalEntry[], map: MapParts): readonly JournalEntry[] {
  return journal.map((entry) => {
    const { outcome, open } = entry
    return {
      ...entry,
      ...(outcome === undefined ? {} : { outcome: mapOutcome(outcome, map) }),
      ...(open === undefined ? {} : { open: mapOpen(open, map) }),
    }
  })
}

function mapSuspended<T extends SuspendedHandler>(suspended: T, map: MapParts): T {
  const { called } = suspended
  return {
    ...suspended,
    journal: mapJournal(suspended.journal, map),
    ...(called === undefined ? {} : { called: called.map((open) => mapOpen(open, map)) }),
  }
}

function mapOpen(open: OpenAgentCall, map: MapParts): OpenAgentCall {
  return open.message === undefined ? open : { ...open, message: mapMessage(open.message, map) }
}

/** What a call gave back is kept as the value of a data part is. */
function mapOutcome(outcome: CallOutcome, map: MapParts): CallOutcome {
  const { value, large, ...rest } = outcome
  if (value === undefined && large === undefined) return outcome
  const [part] = map([large === undefined ? { data: value as NonNullable<StoredPart['data']> } : { large }])
  return { ...rest, ...(part?.large === undefined ? { value: part?.data } : { large: part.large }) }
}

function mapQueued(queued: QueuedMessage, map: MapParts): QueuedMessage {
  return { ...queued, message: mapMessage(queued.message, map) }
}
