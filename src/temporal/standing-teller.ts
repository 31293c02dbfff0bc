/**
 * Tells webhooks of a task that waits for its caller while its handler goes on. Its workflow does not know of it until the
 * turn ends, so the process of the turn tells it: should that die, the next attempt says it once more.
 */
import { isInterrupted } from '../a2a/state.js'
import { taskKey } from '../bus/live-event.js'
import { sleep } from '../internal/abort.js'
import type { Logger } from '../internal/logger.js'
import { type RecordOptions, recordDeliveries } from '../push/record-deliveries.js'
import type { TaskRef } from '../task/task-record.js'
import { type TurnStanding, withPicture } from '../task/turn-picture.js'
import type { WebhookEvents } from '../task/webhook-events.js'
import type { TaskReader } from './read-task.js'

export interface StandingTellerOptions {
  readonly reader: Pick<TaskReader, 'record'>
  readonly record: RecordOptions
  readonly events: WebhookEvents
  readonly logger: Logger
}

/** Wait before what could not be told is tried again, in milliseconds: first and longest. */
const RETRY_MS = 1_000
const MAX_RETRY_MS = 30_000
const MAX_TRIES = 20

export class StandingTeller {
  private readonly options: StandingTellerOptions
  private readonly stopping = new AbortController()
  /** By task: one thing after the other. */
  private readonly telling = new Map<string, Promise<void>>()

  constructor(options: StandingTellerOptions) {
    this.options = options
  }

  /** Returns at once: no turn waits for webhooks. */
  tell(ref: TaskRef, standing: TurnStanding): void {
    if (!isInterrupted(standing.status.state) && this.options.events !== 'all') return
    const key = taskKey(ref)
    const told = (this.telling.get(key) ?? Promise.resolve()).then(() => this.untilTold(key, standing))
    this.telling.set(key, told)
    void told.then(() => {
      if (this.telling.get(key) === told) this.telling.delete(key)
    })
  }

  /** What is not told by then is not told here. */
  async stop(): Promise<void> {
    this.stopping.abort()
    await Promise.all(this.telling.values())
  }

  private async untilTold(key: string, standing: TurnStanding): Promise<void> {
    const { signal } = this.stopping
    for (let tries = 1; !signal.aborted; tries += 1) {
      try {
        await this.record(key, standing)
        return
      } catch (error) {
        if (tries === MAX_TRIES) {
          this.options.logger.error({ err: error, task: key }, 'webhooks were not told that a task waits')
          return
        }
        await sleep(Math.min(RETRY_MS * 2 ** (tries - 1), MAX_RETRY_MS), signal)
      }
    }
  }

  private async record(key: string, standing: TurnStanding): Promise<void> {
    const { reader, record: recording, events } = this.options
    if ((await recording.store.configs(key, { limit: 1 })).length === 0) return
    const known = await reader.record(key)
    // What it has come to meanwhile is told by its workflow.
    if (known === undefined || known.position.ended || known.position.turn !== standing.turn) return
    const { eventMetadata } = standing
    const record = { ...withPicture(known, standing), ...(eventMetadata === undefined ? {} : { eventMetadata }) }
    await recordDeliveries(recording, { record, artifactsBefore: [] }, events)
  }
}
