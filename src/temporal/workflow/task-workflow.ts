/**
 * One run = one A2A task: takes messages in, runs one turn at a time, keeps the results, and is the task's truth.
 *
 * Runs in Temporal's sandbox: no I/O, no wall clock, nothing but the state machine and what Temporal offers. Nothing that
 * grows with the length of an answer goes through here but the finished result.
 */
import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  defineSignal,
  defineUpdate,
  patched,
  proxyActivities,
  proxyLocalActivities,
  proxySinks,
  type Sinks,
  setHandler,
  TimeoutFailure,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow'
import { compareCursors } from '../../a2a/cursor.js'
import { type A2AError, invalidParams } from '../../a2a/errors.js'
import { stateOf } from '../../a2a/state.js'
import { keyReused, refusal } from '../../task/may-continue.js'
import {
  isEnded,
  isKeyReused,
  lastAcceptedTurn,
  nextMessage,
  reduce,
  type TaskEvent,
  turnOfKey,
} from '../../task/reduce.js'
import { type Alarm, hasCallsToCancel, nextAlarm, waitsForCall } from '../../task/suspension.js'
import type { QueuedMessage, TaskRecord, TurnResult } from '../../task/task-record.js'
import { type TurnInput, turnInput } from '../../task/turn-input.js'
import { type Checkpoint, type LeftTurn, turnFinished, turnVanished } from '../../task/turn-outcome.js'
import { asStored } from '../../task/weight.js'
import {
  ANSWERED_SIGNAL,
  CONFIRM_UPDATE,
  LOOK_ACTIVITY,
  LOOK_CHANGE,
  MESSAGE_UPDATE,
  REFUSED,
  RENEW_CHANGE,
  SINKS,
  TELL_ACTIVITY,
  TURN_ACTIVITY,
  WEBHOOKS_SIGNAL,
} from '../names.js'
import { updateProblem } from './check-update.js'
import type { TellInput, WebhooksSignalInput } from './push-input.js'
import type {
  MessageUpdateAnswer,
  MessageUpdateInput,
  TaskWorkflowInput,
  TurnEndedNotice,
  TurnPolicy,
} from './task-input.js'

interface TurnActivities {
  [TURN_ACTIVITY](input: TurnInput): Promise<TurnResult>
}

interface LookActivities {
  [LOOK_ACTIVITY](): Promise<LeftTurn | undefined>
}

interface TellActivities {
  [TELL_ACTIVITY](input: TellInput): Promise<void>
}

interface TaskSinks extends Sinks {
  [SINKS]: { turnEnded(notice: TurnEndedNotice): void }
}

const messageUpdate = defineUpdate<MessageUpdateAnswer, [MessageUpdateInput]>(MESSAGE_UPDATE)
const confirmUpdate = defineUpdate<void, []>(CONFIRM_UPDATE)
const webhooksSignal = defineSignal<[WebhooksSignalInput]>(WEBHOOKS_SIGNAL)
const answeredSignal = defineSignal(ANSWERED_SIGNAL)

/** Until the store answers: nothing is told to a webhook that is not written there. */
const { [TELL_ACTIVITY]: tellWebhooks } = proxyActivities<TellActivities>({
  startToCloseTimeout: '15 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds' },
})

/** Wait before a turn that was lost with its worker begins again. */
const LOST_RETRY = '500 milliseconds'

/** A cancel does not wait long for what is only there in case that no worker has the turn. */
const { [LOOK_ACTIVITY]: lookAtTurn } = proxyLocalActivities<LookActivities>({
  startToCloseTimeout: '2 seconds',
  scheduleToCloseTimeout: '4 seconds',
})

export async function a2aTask({ record: initial, policy, ...given }: TaskWorkflowInput): Promise<TaskRecord> {
  let record = initial
  let { webhooks } = given
  let telling = Promise.resolve()
  /** States that webhooks are yet to be told of. */
  let untold = 0
  let turnScope: CancellationScope | undefined
  /** The turn that is being canceled, as it was found. */
  let found: LeftTurn | undefined
  let stopping = Promise.resolve()
  const { turnEnded } = proxySinks<TaskSinks>()[SINKS]
  const apply = (event: TaskEvent) => {
    record = reduce(record, event)
  }

  /** One state after the other, beside the turns: those never wait for webhooks. */
  const tell = () => {
    if (webhooks === undefined) return
    const { tenant, agentId, taskId, position } = record
    const input: TellInput = { tenant, agentId, taskId, position, events: webhooks }
    untold += 1
    telling = telling
      .then(() => CancellationScope.nonCancellable(() => tellWebhooks(input)))
      .then(() => {
        untold -= 1
      })
  }
  const allTold = async () => {
    for (let last: unknown; last !== telling; ) {
      last = telling
      await telling
    }
  }

  setHandler(
    messageUpdate,
    ({ message, params, key, requestHash, calledBy, webhooks: asked }) => {
      // Once more: another one may have come between the validator and here.
      if (isKeyReused(record, key, requestHash)) throw refusedWith(keyReused())
      webhooks = asked ?? webhooks
      const known = turnOfKey(record, key)
      if (known !== undefined) return { turn: known }
      apply({
        type: 'accepted',
        message,
        params,
        ...(key === undefined ? {} : { key }),
        ...(requestHash === undefined ? {} : { requestHash }),
        ...(calledBy === undefined ? {} : { calledBy }),
      })
      return { turn: lastAcceptedTurn(record) }
    },
    { validator: (input) => refuse(record, input) },
  )
  setHandler(confirmUpdate, () => {})
  setHandler(webhooksSignal, (input) => {
    // Anybody in the namespace can send signals: what is none of ours must not stop the task.
    if (!isWebhooksSignal(input)) return
    const { since, events } = input
    webhooks = events
    if (record.position.ended && compareCursors(record.position, since) > 0) tell()
  })
  let answered = false
  setHandler(answeredSignal, () => {
    answered = true
  })

  const root = CancellationScope.current()
  let cancel: { readonly before: TaskRecord; readonly workflowTask: number } | undefined
  const noteCancel = () => {
    if (!root.consideredCancelled || isEnded(record) || record.cancelRequested) return
    cancel = { before: record, workflowTask: workflowInfo().historyLength }
    apply({ type: 'cancelRequested' })
    const scope = turnScope
    if (scope !== undefined) stopping = CancellationScope.nonCancellable(() => stopTurn(scope))
  }
  const stopTurn = async (scope: CancellationScope) => {
    if (!isInline() && patched(LOOK_CHANGE)) found = await lookAtTurn().catch(() => undefined)
    scope.cancel()
  }
  root.cancelRequested.catch(noteCancel)

  const isInline = () => policy.inline && record.position.turn === 1

  const turn = async (input: TurnInput): Promise<{ outcome: TaskEvent; finished: boolean }> => {
    const { [TURN_ACTIVITY]: agentTurn } = activitiesFor(policy, input.turn)
    turnScope = new CancellationScope()
    found = undefined
    try {
      const result = await turnScope.run(() => agentTurn(input))
      return { outcome: turnFinished(record, result, now()), finished: true }
    } catch (error) {
      return { outcome: turnVanished(lastCheckpoint(error) ?? found, now()), finished: false }
    } finally {
      turnScope = undefined
    }
  }

  /** The turn that has just begun; true when its end is provisional. */
  const handle = async (taken: QueuedMessage | undefined): Promise<boolean> => {
    const provisional = isInline()
    answered = false
    const { outcome, finished } = await turn(turnInput(record, taken, { messages: policy.history, look: asStored }))
    noteCancel()
    if (finished && cancel?.workflowTask === workflowInfo().historyLength) {
      // Known together: the result decides. This very workflow task may have run before without the cancel, and then its
      // outcome was shown; whatever order promises settle in, it has to be the same again.
      record = reduce(cancel.before, outcome)
      if (!isEnded(record)) apply({ type: 'cancelRequested' })
    } else {
      apply(outcome)
    }
    return provisional || !finished
  }

  const renew = async (): Promise<never> => {
    await condition(allHandlersFinished)
    return continueAsNew<typeof a2aTask>({ record, policy, ...(webhooks === undefined ? {} : { webhooks }) })
  }

  await CancellationScope.nonCancellable(async () => {
    let renewable = false
    while (!isEnded(record)) {
      const alarm = nextAlarm(record)
      const mayLookAgain = waitsForCall(record)
      const mayRenew = () => renewable && untold === 0
      await untilNews(
        alarm,
        () => record.cancelRequested || nextMessage(record) !== undefined || (answered && mayLookAgain) || mayRenew(),
      )
      if (mayRenew()) await renew()
      // What came together with an alarm comes before it.
      const taken = nextMessage(record)
      let provisional = false
      let reminder = false
      if (taken !== undefined) {
        apply({ type: 'turnStarted', at: now() })
        if (webhooks === 'all') tell()
        provisional = await handle(taken)
      } else if (hasCallsToCancel(record)) {
        apply({ type: 'turnWoken', at: now() })
        provisional = await handle(undefined)
      } else if (record.cancelRequested) {
        apply({ type: 'canceled', at: now() })
      } else if (alarm?.type === 'wake') {
        apply({ type: 'turnWoken', at: now() })
        provisional = await handle(undefined)
      } else {
        apply({ type: 'reminded', at: now() })
        reminder = true
      }
      if (!reminder) tellOperators(record, policy)
      turnEnded({ record, provisional, staysOpen: webhooks !== undefined })
      tell()
      renewable = workflowInfo().continueAsNewSuggested
      if (renewable && !isEnded(record) && webhooks !== undefined && !patched(RENEW_CHANGE)) await allTold()
    }
    if (webhooks !== undefined) await allTold()
    await condition(allHandlersFinished)
    await stopping
  })
  return record
}

function isWebhooksSignal(input: Partial<WebhooksSignalInput> | null | undefined): input is WebhooksSignalInput {
  const { since, events } = input ?? {}
  const isPlace = [since?.turn, since?.attempt, since?.seq].every((each) => typeof each === 'number')
  return isPlace && (events === 'states' || events === 'artifacts' || events === 'all')
}

/** Resolves when `ready` holds, or at the alarm's time. */
async function untilNews(alarm: Alarm | undefined, ready: () => boolean): Promise<void> {
  if (alarm === undefined) await condition(ready)
  else if (!ready()) await condition(ready, Math.max(1, Date.parse(alarm.at) - Date.now()))
}

function activitiesFor(policy: TurnPolicy, turn: number): TurnActivities {
  if (policy.inline && turn === 1) {
    const retry = { initialInterval: policy.initialIntervalMs, maximumInterval: policy.maxIntervalMs }
    return proxyLocalActivities<TurnActivities>({ scheduleToCloseTimeout: policy.deadlineMs, retry })
  }
  return proxyActivities<TurnActivities>({
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    scheduleToCloseTimeout: policy.deadlineMs,
    heartbeatTimeout: policy.heartbeatTimeoutMs,
    // Temporal counts every attempt, those that were handed over too. So this is for one whose worker was lost, and always
    // the same; a handler that has thrown waits as its agent says.
    retry: { initialInterval: LOST_RETRY, backoffCoefficient: 1 },
  })
}

/** Runs before anything is written: what is refused here leaves no trace. */
function refuse(record: TaskRecord, input: MessageUpdateInput): void {
  const problem = updateProblem(input)
  if (problem !== undefined) throw refusedWith(invalidParams([problem]))
  const { message, owner, key, requestHash } = input
  if (owner !== record.owner) throw refusedAs('TASK_NOT_FOUND', 'Task not found')
  if (isKeyReused(record, key, requestHash)) throw refusedWith(keyReused())
  if (turnOfKey(record, key) !== undefined) return
  const error = refusal(record, message, asStored)
  if (error !== undefined) throw refusedWith(error)
}

function refusedWith(error: A2AError): ApplicationFailure {
  return refusedAs(error.reason, error.message, error)
}

function refusedAs(
  reason: string,
  message: string,
  { metadata = {}, violations = [], retryAfterMs }: Partial<A2AError> = {},
): ApplicationFailure {
  const details = [
    {
      reason,
      metadata,
      ...(violations.length === 0 ? {} : { violations }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    },
  ]
  return ApplicationFailure.create({ type: REFUSED, nonRetryable: true, message, details })
}

/** What Temporal has kept of a worker that fell silent. */
function lastCheckpoint(error: unknown): Checkpoint | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : undefined
  return cause instanceof TimeoutFailure ? (cause.lastHeartbeatDetails as Checkpoint | undefined) : undefined
}

/** A turn that simply completes costs no event for this. */
function tellOperators(record: TaskRecord, { searchAttributes }: TurnPolicy): void {
  const state = stateOf(record.task)
  const told = workflowInfo()
    .typedSearchAttributes.getAll()
    .some(({ key }) => key.name === 'A2aState')
  if (!searchAttributes || (state === 'TASK_STATE_COMPLETED' && !told)) return
  upsertSearchAttributes([{ key: { name: 'A2aState', type: 'KEYWORD' }, value: state }])
}

function now(): string {
  return new Date().toISOString()
}
