/**
 * One run = the deliveries that wait for one webhook of one task: one after the other, each tried until it is over. It ends
 * when nothing waits, and the next delivery starts it again.
 *
 * When an attempt is made again is said by the activity, so that the schedule may change while deliveries wait.
 */
import { condition, continueAsNew, defineSignal, proxyActivities, setHandler, workflowInfo } from '@temporalio/workflow'
import { type DueDelivery, insertDue } from '../../push/due-delivery.js'
import { DELIVER_ACTIVITY, DUE_SIGNAL, WAKE_SIGNAL } from '../names.js'
import type { DeliverInput, DeliverOutcome, PushWorkflowInput } from './push-input.js'

interface PushActivities {
  [DELIVER_ACTIVITY](input: DeliverInput): Promise<DeliverOutcome>
}

const dueSignal = defineSignal<[DueDelivery]>(DUE_SIGNAL)
const wakeSignal = defineSignal(WAKE_SIGNAL)

/** Attempts do not fail: this is about stores that do not answer, and workers that fall silent. */
const { [DELIVER_ACTIVITY]: deliver } = proxyActivities<PushActivities>({
  startToCloseTimeout: '30 seconds',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
})

export async function a2aPush({ key, configId, ...before }: PushWorkflowInput): Promise<void> {
  const waiting = [...(before.waiting ?? [])]
  let tries = before.tries ?? 0
  let woken = false
  setHandler(dueSignal, (due: Partial<DueDelivery> | null | undefined) => {
    // Anybody in the namespace can send signals: what is none of ours must not stop the others.
    if (isDue(due)) insertDue(waiting, due)
  })
  setHandler(wakeSignal, () => {
    woken = true
  })
  for (let due = waiting[0]; due !== undefined; due = waiting[0]) {
    woken = false
    const outcome = await deliver({ key, configId, ...due, tries: tries + 1 })
    if (outcome.state === 'over') {
      waiting.shift()
      tries = 0
    } else {
      if (!outcome.held) tries += 1
      await condition(() => woken, outcome.inMs)
    }
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof a2aPush>({ key, configId, waiting, tries })
  }
}

function isDue(due: Partial<DueDelivery> | null | undefined): due is DueDelivery {
  const { deliveryId, number, attemptsBefore } = due ?? {}
  return typeof deliveryId === 'string' && typeof number === 'number' && typeof attemptsBefore === 'number'
}
