/** What waits in the queue of a webhook. Plain data and pure: a workflow holds it too. */

export interface DueDelivery {
  readonly deliveryId: string
  /** What is smaller goes first. */
  readonly number: number
  /** Attempts that it had when it was put there. */
  readonly attemptsBefore: number
}

/** Behind the first, which is under way, in the order of their numbers; once only. */
export function insertDue(waiting: DueDelivery[], due: DueDelivery): void {
  if (waiting.some(({ deliveryId }) => deliveryId === due.deliveryId)) return
  const place = waiting.findIndex(({ number }, index) => index > 0 && number > due.number)
  waiting.splice(place < 0 ? waiting.length : place, 0, due)
}
