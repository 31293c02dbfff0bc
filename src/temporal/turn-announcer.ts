/** Tells the others what happens in the process that runs turns: lists by the store, readers by the bus. */
import type { EventBus } from '../bus/event-bus.js'
import { stateEvent } from '../bus/state-event.js'
import { withDeadline } from '../internal/abort.js'
import type { TaskStore } from '../store/task-store.js'
import type { TaskRecord } from '../task/task-record.js'
import type { TurnInput } from '../task/turn-input.js'

export class TurnAnnouncer {
  private readonly store: TaskStore
  private readonly bus: EventBus

  private readonly settleMs: number
  private readonly settling = new Set<Promise<void>>()

  /**
   * @param settleMs how long the end of a turn may wait for the store, in milliseconds, so that whoever sees it and then
   *   lists tasks in another process finds it there too; 0 where lists are made in this process
   */
  constructor({ store, bus }: { readonly store: TaskStore; readonly bus: EventBus }, settleMs: number) {
    this.store = store
    this.bus = bus
    this.settleMs = settleMs
  }

  /** A turn of a task has begun in this process: lists show it as WORKING. */
  began(input: TurnInput): void {
    this.store.project({ ...input, position: { turn: input.turn, attempt: 1, seq: 0, ended: false } })
  }

  /** A turn of a task has ended, durably: whoever follows or lists the task learns of it. */
  ended(record: TaskRecord): void {
    this.store.project(record)
    const publish = () => this.bus.publish(stateEvent(record))
    if (this.settleMs === 0) {
      publish()
      return
    }
    const written = withDeadline(this.store.flush(), this.settleMs, 'writing to the store').then(publish, publish)
    this.settling.add(written)
    void written.then(() => this.settling.delete(written))
  }

  /** Resolves when every end so far is published. */
  async settled(): Promise<void> {
    await Promise.all(this.settling)
  }
}
