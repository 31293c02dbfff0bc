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

/** `silent`: nothing came for a while. `behind`: events were lost because they came faster than they were read. */
export type Heard = LiveEvent | 'silent' | 'behind'

/**
 * Waits for what the bus brings. A reader that waits is one promise and, where it looks by itself, one timer: there may be very
 * many of them.
 */
export class Listener {
  private readonly subscription: Subscription
  private readonly signal: AbortSignal
  private readonly pace: SilencePace
  /** Stays while events come, so that each of them does not cost a new one. */
  private timer: ReturnType<typeof setTimeout> | undefined
  /** When the timer is over, and when it has been silent for too long, by the process's own clock. */
  private timerAt = 0
  private silentAt = 0
  private waited = false
  private elapsed = false

  constructor(subscription: Subscription, signal: AbortSignal, pace: SilencePace) {
    this.subscription = subscription
    this.signal = signal
    this.pace = pace
  }

  /** What there is now. `over`: the signal has aborted or the bus has closed. */
  take(): Heard | 'nothing' | 'over' {
    const { subscription, waited, elapsed } = this
    this.waited = false
    this.elapsed = false
    if (this.signal.aborted) return 'over'
    const event = subscription.poll()
    if (event !== undefined) {
      this.pace.reset()
      return event
    }
    if (subscription.reopen()) return 'behind'
    if (subscription.outcome === 'closed') return 'over'
    if (!waited) return 'nothing'
    // Nudged: what the bus may have lost shows by looking.
    if (!elapsed) this.pace.reset()
    return 'silent'
  }

  /** Resolves when there is something to take. */
  wait(): Promise<void> {
    this.waited = true
    const ms = this.pace.next()
    if (ms > 0) {
      this.silentAt = performance.now() + ms
      if (this.timer === undefined || this.timerAt > this.silentAt) this.lookIn(ms)
    }
    return this.subscription.readable()
  }

  /** Waits no more. */
  rest(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    this.waited = false
  }

  /** The timer is over. */
  look(): void {
    this.timer = undefined
    if (!this.waited) return
    const ms = this.silentAt - performance.now()
    if (ms > 0) {
      this.lookIn(ms)
      return
    }
    this.elapsed = true
    this.subscription.nudge()
  }

  private lookIn(ms: number): void {
    clearTimeout(this.timer)
    this.timerAt = performance.now() + ms
    this.timer = setTimeout(look, ms, this)
  }
}

function look(listener: Listener): void {
  listener.look()
}

/** Ends when the signal aborts or the bus closes. */
export async function* listen(
  subscription: Subscription,
  signal: AbortSignal,
  pace: SilencePace,
): AsyncGenerator<Heard, void, undefined> {
  const listener = new Listener(subscription, signal, pace)
  const off = onAbort(signal, () => subscription.close())
  try {
    for (let heard = listener.take(); heard !== 'over'; heard = listener.take()) {
      if (heard === 'nothing') await listener.wait()
      else yield heard
    }
  } finally {
    listener.rest()
    off()
  }
}

/** Waits from here on are rounded, in milliseconds. */
const COARSE_MS = 1_000
const STEP_MS = 50

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
    // Spread, so that readers that began together do not look together; in steps, so that they share their timers.
    const spread = ms * (0.75 + Math.random() / 2)
    return ms < COARSE_MS ? spread : Math.round(spread / STEP_MS) * STEP_MS
  }
}
