/** Tells the others what happens in the process that runs turns: lists by the store, readers by the bus. */
import type { StreamResponseJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import type { EventBus } from '../bus/event-bus.js'
import { stateEvent } from '../bus/state-event.js'
import { withDeadline } from '../internal/abort.js'
import type { Logger } from '../internal/logger.js'
import type { Projection, TaskStore } from '../store/task-store.js'
import { hasLargeValues, largeValuesIn, mapEvent, mapMessage, mapTask } from '../task/large-values.js'
import type { TaskRecord } from '../task/task-record.js'
import type { TurnInput } from '../task/turn-input.js'
import { type TurnStanding, withStanding } from '../task/turn-picture.js'

export interface AnnouncerParts {
  readonly store: Pick<TaskStore, 'project' | 'flush' | 'putBack'>
  readonly bus: Pick<EventBus, 'publish'>
  readonly logger: Logger
}

export class TurnAnnouncer {
  private readonly store: AnnouncerParts['store']
  private readonly bus: AnnouncerParts['bus']
  private readonly logger: Logger
  private readonly settleMs: number
  private readonly settling = new Set<Promise<void>>()

  /**
   * @param settleMs how long the end of a turn may wait for the store, in milliseconds, so that whoever sees it and then
   *   lists tasks in another process finds it there too; 0 where lists are made in this process
   */
  constructor({ store, bus, logger }: AnnouncerParts, settleMs: number) {
    this.store = store
    this.bus = bus
    this.logger = logger
    this.settleMs = settleMs
  }

  /** A turn of a task has begun in this process: lists show it as WORKING. */
  began(input: TurnInput): void {
    this.store.project(begun(input))
  }

  /** A task has come to wait for its caller while its handler goes on, or works again: lists show it so. */
  stands(input: TurnInput, standing: TurnStanding): void {
    this.store.project(withStanding(begun(input), standing))
  }

  /** A turn of a task has ended, durably: whoever follows or lists the task learns of it. */
  ended(record: TaskRecord): void {
    this.store.project(record)
    if (hasLargeValues(record.task, mapTask) || hasLargeValues(record.answer, mapMessage)) {
      this.wait(this.withValues(record))
      return
    }
    const publish = () => this.bus.publish(stateEvent(record))
    if (this.settleMs === 0) publish()
    else this.wait(this.listed().then(publish))
  }

  /** Whoever wants the task as a whole, and not only how it stands, reads it. */
  private async withValues(record: TaskRecord): Promise<void> {
    const { task: _, ...event } = stateEvent(record)
    const [whole] = await Promise.all([this.store.putBack(event.event, mapEvent), this.listed()])
    this.bus.publish({ ...event, event: whole, bytes: event.bytes + largeBytes(event.event) })
  }

  /** Resolves when lists show what was projected so far, or that takes too long. */
  private async listed(): Promise<void> {
    if (this.settleMs > 0) await withDeadline(this.store.flush(), this.settleMs, 'writing to the store').catch(() => {})
  }

  private wait(published: Promise<void>): void {
    const settled = published.catch((error: unknown) => {
      this.logger.warn({ err: error }, 'the end of a turn could not be told; readers find it when they look')
    })
    this.settling.add(settled)
    void settled.then(() => this.settling.delete(settled))
  }

  /** Resolves when every end so far is published. */
  async settled(): Promise<void> {
    await Promise.all(this.settling)
  }
}

function begun(input: TurnInput): Projection {
  return { ...input, position: { turn: input.turn, attempt: 1, seq: 0, ended: false } }
}

function largeBytes(event: StreamResponseJson): number {
  return largeValuesIn(event, mapEvent).reduce((sum, { size }) => sum + size, 0)
}
