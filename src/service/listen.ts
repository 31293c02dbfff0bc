/** How a reader listens to the bus, and how long it bears silence. */
import type { Subscription } from '../bus/event-bus.js'
import { type LiveEvent, taskKey } from '../bus/live-event.js'
import type { Engine } from '../engine/engine.js'
import { onAbort } from '../internal/abort.js'
import type { TaskRef } from '../task/task-record.js'

/** Opens a subscription for the time of `use`. */
export async function withSubscription<T>(
  engine: Engine,
  ref: TaskRef,
  options: { statesOnly: boolean },
  use: (subscription: Subscription) => Promise<T>,
): Promise<T> {
  const key = taskKey(ref)
  const subscription = engine.bus.subscribe(key, options)
  try {
    return await use(subscription)
  } finally {
    engine.bus.unsubscribe(key, subscription)
  }
}

/**
 * What the bus brings; `silent` after a while without anything; `behind` when events were lost because they came faster than
 * they were read. Ends when the signal aborts or the bus closes.
 */
export async function* listen(
  subscription: Subscription,
  signal: AbortSignal,
  pace: SilencePace,
): AsyncGenerator<LiveEvent | 'silent' | 'behind', void, undefined> {
  const off = onAbort(signal, () => subscription.close())
  try {
    while (!signal.aborted) {
      const event = subscription.poll()
      if (event !== undefined) {
        pace.reset()
        yield event
        continue
      }
      if (subscription.reopen()) {
        yield 'behind'
        continue
      }
      if (subscription.outcome === 'closed') return
      const ms = pace.next()
      if (ms === 0) {
        await subscription.readable()
      } else if (!(await readableWithin(subscription, ms))) {
        yield 'silent'
      } else if (subscription.isEmpty && subscription.outcome === undefined) {
        // Nudged: what the bus may have lost shows by looking.
        pace.reset()
        yield 'silent'
      }
    }
  } finally {
    off()
  }
}

/** How long a reader bears silence before it looks: longer each time that nothing was to be seen. */
export class SilencePace {
  private readonly engine: Pick<Engine, 'pollMs' | 'maxPollMs'>
  private ms: number

  constructor(engine: Pick<Engine, 'pollMs' | 'maxPollMs'>) {
    this.engine = engine
    this.ms = engine.pollMs
  }

  reset(): void {
    this.ms = this.engine.pollMs
  }

  /** Milliseconds of the next wait; 0 waits without end. */
  next(): number {
    const ms = Math.min(this.ms, this.engine.maxPollMs)
    this.ms = ms * 2
    // Spread, so that readers that began together do not look together.
    return ms * (0.75 + Math.random() / 2)
  }
}

async function readableWithin(subscription: Subscription, ms: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const silence = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, ms, false)
  })
  try {
    return await Promise.race([subscription.readable().then(() => true), silence])
  } finally {
    clearTimeout(timer)
  }
}
