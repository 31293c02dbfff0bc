/**
 * One run = what an agent remembers of one scope. Changes are updates, one after the other; those that cannot be made are
 * refused before anything is written. Ends when nothing has changed for as long as its state is kept.
 */
import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  defineQuery,
  defineUpdate,
  setHandler,
  setWorkflowOptions,
  workflowInfo,
} from '@temporalio/workflow'
import { changeState, NO_STATE, type StateChange, type StateSnapshot, verdict } from '../../task/state-record.js'
import { STATE_QUERY, STATE_REFUSED, STATE_UPDATE } from '../names.js'
import type { StateWorkflowInput } from './state-input.js'

const changeUpdate = defineUpdate<'made' | 'done', [StateChange]>(STATE_UPDATE)
const readQuery = defineQuery<StateSnapshot>(STATE_QUERY)

/** Changes of one run; Temporal takes 2000 updates. */
const MAX_CHANGES = 500

export async function a2aState({ record: initial = NO_STATE, keptMs }: StateWorkflowInput): Promise<void> {
  let record = initial
  let changes = 0
  let changedMs = Date.now()
  let ended = false

  setHandler(
    changeUpdate,
    (change) => {
      if (verdict(record, change, Date.now()) === 'done') return 'done'
      record = changeState(record, change, Date.now())
      changes += 1
      changedMs = Date.now()
      return 'made'
    },
    { validator: (change) => refuse(isChange(change) ? verdict(record, change, Date.now()) : 'refused') },
  )
  setHandler(readQuery, () => {
    const { version, values } = ended ? NO_STATE : record
    return { version, values }
  })

  for (;;) {
    const full = () => changes >= MAX_CHANGES || workflowInfo().continueAsNewSuggested
    if (keptMs === undefined) await condition(full)
    else await condition(full, Math.max(1, changedMs + keptMs - Date.now()))
    if (full()) {
      await condition(allHandlersFinished)
      await continueAsNew<typeof a2aState>({ record, ...(keptMs === undefined ? {} : { keptMs }) })
    }
    if (keptMs !== undefined && Date.now() >= changedMs + keptMs) break
  }
  ended = true
  await condition(allHandlersFinished)
}

// Where workers have versions, it outlives the one that it began on. Where they have none, Temporal takes no such word.
setWorkflowOptions(() => {
  const { deploymentName = '' } = workflowInfo().currentDeploymentVersion ?? {}
  return deploymentName === '' ? {} : { versioningBehavior: 'AUTO_UPGRADE' }
}, a2aState)

function refuse(outcome: ReturnType<typeof verdict>): void {
  if (outcome === 'apply' || outcome === 'done') return
  throw ApplicationFailure.create({ type: STATE_REFUSED, nonRetryable: true, message: outcome, details: [outcome] })
}

/** Whoever has the namespace may send anything. */
function isChange(change: unknown): change is StateChange {
  if (typeof change !== 'object' || change === null) return false
  const { type, turn, version, delta } = change as Record<string, unknown>
  if (typeof turn !== 'string' || turn.length > 300) return false
  if (version !== undefined && !Number.isSafeInteger(version)) return false
  return type === 'hold' || type === 'release' || (type === 'commit' && isDelta(delta))
}

function isDelta(delta: unknown): boolean {
  if (typeof delta !== 'object' || delta === null) return false
  const { set, deleted } = delta as Record<string, unknown>
  const isObject = typeof set === 'object' && set !== null && !Array.isArray(set)
  return isObject && Array.isArray(deleted) && deleted.every((key) => typeof key === 'string')
}
