/** Work of each key in its order, of which some takes time. What can be done at once is, while nothing before it waits. */
import { withDeadline } from '../../internal/abort.js'

/** Undefined: it is done. */
export type Work = () => Promise<void> | undefined

export class InOrder {
  private readonly maxWaiting: number
  private readonly onLost: (key: string) => void
  private readonly lanes = new Map<string, { waiting: Work[]; readonly done: Promise<void> }>()

  /**
   * @param maxWaiting what may wait of one key; with more, all that waits is dropped
   * @param onLost something was dropped, or has failed
   */
  constructor(maxWaiting: number, onLost: (key: string) => void) {
    this.maxWaiting = maxWaiting
    this.onLost = onLost
  }

  run(key: string, work: Work): void {
    const lane = this.lanes.get(key)
    if (lane === undefined) {
      const first = work()
      if (first !== undefined) this.open(key, first)
    } else if (lane.waiting.length < this.maxWaiting) {
      lane.waiting.push(work)
    } else {
      lane.waiting = [
        () => {
          this.onLost(key)
          return undefined
        },
      ]
    }
  }

  /** Resolves when nothing waits any more, or after `ms` milliseconds. */
  async settled(ms: number): Promise<void> {
    const all = Promise.all([...this.lanes.values()].map(({ done }) => done))
    await withDeadline(all, ms, 'large events').catch(() => {})
  }

  private open(key: string, first: Promise<void>): void {
    this.lanes.set(key, { waiting: [], done: this.drain(key, first) })
  }

  private async drain(key: string, first: Promise<void>): Promise<void> {
    await this.attempt(key, first)
    const lane = this.lanes.get(key)
    for (let work = lane?.waiting.shift(); work !== undefined; work = lane?.waiting.shift()) {
      await this.attempt(key, work())
    }
    this.lanes.delete(key)
  }

  private async attempt(key: string, work: Promise<void> | undefined): Promise<void> {
    try {
      await work
    } catch {
      this.onLost(key)
    }
  }
}
