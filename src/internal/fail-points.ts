/**
 * Named moments at which the fault harness may stop or break this process. In the product there is nothing to call: the
 * harness resolves `#failpoints` to a file of its own, by an import condition that only it sets.
 *
 * Use: `failPoint?.('start.accepted', key)`.
 */

/** Names of the moments, and what the subject of each is: a task's key. */
export type FailPointName =
  /** A start is about to be asked of Temporal. */
  | 'start.before'
  /** Temporal has written the task down, the caller does not know. */
  | 'start.accepted'
  /** Temporal has accepted a further message, the caller does not know. */
  | 'send.accepted'
  /** Temporal has accepted a cancel, the handler does not know. */
  | 'cancel.accepted'
  /** A worker has got a turn, the handler has not begun. */
  | 'turn.begin'
  /** A checkpoint is about to be written. */
  | 'checkpoint.before'
  /** A checkpoint is durable. */
  | 'checkpoint.written'
  /** The handler has ended, its result is not written. */
  | 'turn.result'
  /** The handler has ended, durably; what it has made of its state is not kept. */
  | 'state.before'
  /** It is kept, and the turn's result is not written. */
  | 'state.kept'
  /** The end of a turn is durable, nobody was told. */
  | 'turn.ended'
  /** A state is durable, its webhooks are about to be told. */
  | 'webhook.tell'
  /** A delivery is about to be sent to its webhook. */
  | 'webhook.deliver'

export type FailPoint = (name: FailPointName, subject: string) => void

export const failPoint = undefined as FailPoint | undefined
