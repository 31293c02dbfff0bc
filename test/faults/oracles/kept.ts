/** Nothing that was accepted is lost, nothing is merged or doubled. */
import { idsOf, type SeenTask } from '../history/by-task.js'
import { isTerminal, isWaiting } from '../history/history.js'
import { type Found, type Oracle, perTask } from './violation.js'

export const acceptedIsKept = perTask(
  'accepted-is-kept',
  'A task whose id was given out is found again, and has ended or waits for its caller.',
  (task) => {
    if (idsOf(task).size === 0) return task.plan === undefined ? [] : ['was never accepted, however often it was sent']
    if (task.final?.task === undefined) return ['was accepted and is not found any more']
    const state = task.final.task.status?.state
    return isTerminal(state) || isWaiting(state) ? [] : [`never ended: ${state}`]
  },
)

export const keyNamesOneTask: Oracle = {
  name: 'key-names-one-task',
  promise: 'Under one idempotency key there is one task, and two keys never share one.',
  find(tasks) {
    const found: Found[] = []
    const owner = new Map<string, SeenTask>()
    for (const task of tasks) {
      const ids = [...idsOf(task)]
      if (ids.length > 1) found.push({ label: task.label, what: `has ${ids.length} ids: ${ids.join(', ')}` })
      for (const id of ids) {
        const other = owner.get(id)
        if (other !== undefined) found.push({ label: task.label, what: `is the same task as ${other.label}` })
        owner.set(id, task)
      }
    }
    return found
  },
}

export const inputsHandledOnce = perTask(
  'inputs-handled-once',
  'Every message that was accepted is in the task once, in order, and was handled.',
  ({ plan, final }) => {
    if (plan === undefined || final?.task === undefined) return []
    const sent = new Set(plan.messageIds)
    const kept = (final.task.history ?? [])
      .filter(({ role }) => role === 'ROLE_USER')
      .map(({ messageId }) => messageId ?? '')
      .filter((id) => sent.has(id))
    const expected = final.task.status?.state === 'TASK_STATE_CANCELED' ? kept.filter(first) : plan.messageIds
    return kept.join() === expected.join() ? [] : [`messages kept: ${kept.join()}; sent: ${plan.messageIds.join()}`]
  },
)

function first<T>(value: T, index: number, list: readonly T[]): boolean {
  return list.indexOf(value) === index
}

/** The only errors that callers may get while something is broken. */
const RETRYABLE = new Set(['UNAVAILABLE', 'DEADLINE_EXCEEDED', 'RATE_LIMITED', 'CONNECTION', 'DEADLINE'])
/** True of the task, and no fault: it has ended. */
const TRUE_OF_TASK = new Set(['UNSUPPORTED_OPERATION', 'TASK_NOT_CANCELABLE'])
/** What a call may take beyond its own deadline, in milliseconds: timers of a busy machine. */
const LATE_MS = 1_000

export const errorsAreHonest = perTask(
  'errors-are-honest',
  'A fault is answered with a documented retryable error in time, and never with TASK_NOT_FOUND for a live task.',
  (task) => {
    const found: string[] = []
    const judge = (operation: string, reason: string, text: string | undefined) => {
      if (RETRYABLE.has(reason)) return
      const ended = task.final?.task === undefined || isTerminal(task.final.task.status?.state)
      if (TRUE_OF_TASK.has(reason) && ended) return
      found.push(`${operation} was refused with ${reason}: ${text ?? ''}`)
    }
    for (const { invoked, outcome } of task.calls) {
      if (outcome === undefined) found.push(`${invoked.operation} was never answered`)
      else if (outcome.at - invoked.at > invoked.deadlineMs + LATE_MS)
        found.push(`${invoked.operation} took ${outcome.at - invoked.at} ms, its deadline was ${invoked.deadlineMs} ms`)
      if (outcome?.kind === 'refused') judge(invoked.operation, outcome.reason, outcome.text)
    }
    for (const { opened, closed } of [...task.clients.values()].flat()) {
      if (closed === undefined) found.push(`${opened.operation} was never closed`)
      else if (!['end', 'broken', 'left'].includes(closed.how)) judge(opened.operation, closed.how, closed.text)
    }
    return found
  },
)
