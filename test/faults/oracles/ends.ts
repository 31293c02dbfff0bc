/** One end for each task, true and final. */
import type { SeenStream, SeenTask } from '../history/by-task.js'
import { type Framed, isTerminal, isWaiting, stateShown } from '../history/history.js'
import { perTask } from './violation.js'

export const oneEnd = perTask(
  'one-end',
  'A task has exactly one terminal state, every stream shows it at most once, and no event comes after it.',
  (task) => {
    const found: string[] = []
    for (const [client, streams] of task.clients) {
      for (const { frames } of streams) {
        const end = frames.findIndex(({ event }) => isTerminal(stateShown(event)))
        if (end >= 0 && end < frames.length - 1)
          found.push(`${client} saw ${frames.length - 1 - end} events after the end`)
      }
      const ends = new Set(framesOf(streams).map(shown).filter(isTerminal))
      if (ends.size > 1) found.push(`${client} saw several ends: ${[...ends].join()}`)
    }
    return found
  },
)

export const shownIsDurable = perTask(
  'shown-is-durable',
  'A terminal state or a question that anybody was shown is in the task for good.',
  (task) => {
    const final = task.final?.task
    if (final === undefined) return []
    const found: string[] = []
    const kept = new Set([...(final.history ?? []), final.status?.message].map((message) => message?.messageId))
    for (const [who, state, messageId] of statesShown(task)) {
      if (isTerminal(state) && state !== final.status?.state) {
        found.push(`${who} was shown ${state}, the task is ${final.status?.state}`)
      } else if (isWaiting(state) && messageId !== undefined && !kept.has(messageId)) {
        found.push(`${who} was shown a question that the task does not know`)
      }
    }
    return found
  },
)

function* statesShown({
  clients,
  calls,
}: SeenTask): Generator<[who: string, state: string | undefined, messageId?: string]> {
  for (const [client, streams] of clients) {
    for (const { event } of framesOf(streams)) {
      const status = event.task?.status ?? event.statusUpdate?.status
      yield [
        client,
        status?.state,
        ...(status?.message?.messageId === undefined ? [] : [status.message.messageId]),
      ] as [string, string, string?]
    }
  }
  for (const { invoked, outcome } of calls) {
    if (outcome?.kind !== 'answered') continue
    yield [`caller of ${invoked.operation}`, outcome.task?.status?.state]
  }
}

export const statesMoveForward = perTask(
  'states-move-forward',
  'No client sees a task go back: not from its end, and not to SUBMITTED once it was at work.',
  ({ clients }) => {
    const found: string[] = []
    for (const [client, streams] of clients) {
      let last: string | undefined
      for (const { event } of framesOf(streams)) {
        const state = stateShown(event)
        if (state === undefined) continue
        if (isTerminal(last) && state !== last) found.push(`${client} saw ${state} after ${last}`)
        if (state === 'TASK_STATE_SUBMITTED' && last !== undefined && last !== state) {
          found.push(`${client} saw ${state} after ${last}`)
        }
        last = state
      }
    }
    return found
  },
)

/** What a caller is answered once a cancel has been accepted, in milliseconds: the handler's grace is in it. */
const QUIET_AFTER_MS = 2_000

export const cancelIsTrue = perTask(
  'cancel-is-true',
  'A task that was answered as CANCELED stays so, its handler was told, and nothing is done for it afterwards.',
  ({ calls, effects, final }) => {
    const found: string[] = []
    const acknowledged = calls.flatMap(({ invoked, outcome }) =>
      invoked.operation === 'CancelTask' && outcome?.kind === 'answered' ? [outcome] : [],
    )
    const first = acknowledged[0]
    if (first === undefined) return []
    const state = final?.task?.status?.state
    if (state !== undefined && state !== 'TASK_STATE_CANCELED') found.push(`cancel was accepted, the task is ${state}`)
    if (first.task?.status?.state !== 'TASK_STATE_CANCELED') return found
    const late = effects.filter(({ at, what }) => what !== 'aborted' && at > first.at + QUIET_AFTER_MS)
    if (late.length > 0) found.push(`${late.length} effects after the cancel: ${late.map(({ name }) => name).join()}`)
    return found
  },
)

function framesOf(streams: readonly SeenStream[]): Framed[] {
  return streams.flatMap(({ frames }) => frames)
}

function shown({ event }: Framed): string | undefined {
  return stateShown(event)
}
