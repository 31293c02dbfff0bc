/** The queues of webhooks in this process, for the engine whose tasks are there too: gone with it. */
import { onAbort } from '../internal/abort.js'
import { type AttemptOptions, attemptDelivery } from './attempt-delivery.js'
import { type DueDelivery, insertDue } from './due-delivery.js'
import type { DeliveryQueue } from './record-deliveries.js'

/** Pause after an attempt that could not be made at all, in milliseconds. */
const FAILURE_PAUSE_MS = 1_000

interface Queue {
  readonly waiting: DueDelivery[]
  wake: () => void
}

export class InProcessDeliveries implements DeliveryQueue {
  private readonly options: AttemptOptions
  private readonly queues = new Map<string, Queue>()
  private readonly running = new Set<Promise<void>>()
  private readonly stopping = new AbortController()

  constructor(options: AttemptOptions) {
    this.options = options
  }

  async add(key: string, configId: string, due: DueDelivery): Promise<void> {
    if (this.stopping.signal.aborted) return
    const name = nameOf(key, configId)
    const queue = this.queues.get(name)
    if (queue === undefined) {
      const made: Queue = { waiting: [due], wake: () => {} }
      this.queues.set(name, made)
      const run = this.run(key, configId, made).finally(() => this.running.delete(run))
      this.running.add(run)
      return
    }
    insertDue(queue.waiting, due)
  }

  async wake(key: string, configId: string): Promise<void> {
    this.queues.get(nameOf(key, configId))?.wake()
  }

  async close(): Promise<void> {
    this.stopping.abort()
    await Promise.all(this.running)
  }

  private async run(key: string, configId: string, queue: Queue): Promise<void> {
    const { signal } = this.stopping
    for (let due = queue.waiting[0]; due !== undefined && !signal.aborted; due = queue.waiting[0]) {
      for (let tries = 1; !signal.aborted; ) {
        const inMs = await this.attempt(key, configId, due, tries)
        if (inMs === undefined) break
        if (!inMs.held) tries += 1
        await this.pause(queue, inMs.ms)
      }
      queue.waiting.shift()
    }
    this.queues.delete(nameOf(key, configId))
  }

  private async attempt(key: string, configId: string, due: DueDelivery, tries: number) {
    const { signal } = this.stopping
    try {
      const outcome = await attemptDelivery(this.options, { ...due, key, configId, tries }, signal)
      return outcome.state === 'over' ? undefined : { ms: outcome.inMs, held: outcome.held === true }
    } catch (error) {
      if (signal.aborted) return undefined
      this.options.logger.error({ err: error }, 'a delivery to a webhook could not be tried')
      return { ms: FAILURE_PAUSE_MS, held: true }
    }
  }

  private async pause(queue: Queue, ms: number): Promise<void> {
    const woken = new AbortController()
    queue.wake = () => woken.abort()
    const unlink = onAbort(this.stopping.signal, () => woken.abort())
    await new Promise<void>((resolve) => {
      const stop = this.options.clock.timer(resolve, ms)
      onAbort(woken.signal, () => {
        stop()
        resolve()
      })
    })
    unlink()
  }
}

function nameOf(key: string, configId: string): string {
  return `${key}/${configId}`
}
