/** A clock that stands still until it is told otherwise. Only pauses pass by themselves: as soon as nothing else runs. */
import { onAbort } from '../internal/abort.js'
import type { Clock } from '../internal/clock.js'

/** The real one, whatever a test runner puts in its place. */
export const nextRound = globalThis.setImmediate

interface Wait {
  readonly at: number
  readonly fire: () => void
  readonly isPause: boolean
}

export class VirtualClock implements Clock {
  private time: number
  /** In the order of their making: of two at the same time the older one comes first. */
  private readonly waits = new Set<Wait>()
  private skipping = false

  /** @param start milliseconds since 1970 */
  constructor(start: number) {
    this.time = start
  }

  now(): number {
    return this.time
  }

  timer(fire: () => void, ms: number): () => void {
    return this.add(fire, ms, false)
  }

  pause(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const done = () => {
        cancel()
        off()
        resolve()
      }
      const cancel = this.add(done, ms, true)
      const off = onAbort(signal, done)
      this.skipPauses()
    })
  }

  /** Goes on to the next thing that is due by then, and lets it happen; false when there is none. */
  next(until: number): boolean {
    const wait = this.earliest()
    if (wait === undefined || wait.at > until) return false
    this.waits.delete(wait)
    this.time = Math.max(this.time, wait.at)
    wait.fire()
    return true
  }

  /** Nothing may be due before. */
  set(time: number): void {
    this.time = Math.max(this.time, time)
  }

  private add(fire: () => void, ms: number, isPause: boolean): () => void {
    const wait = { at: this.time + Math.max(ms, 0), fire, isPause }
    this.waits.add(wait)
    return () => this.waits.delete(wait)
  }

  private earliest(of: (wait: Wait) => boolean = () => true): Wait | undefined {
    let first: Wait | undefined
    for (const wait of this.waits) if (of(wait) && (first === undefined || wait.at < first.at)) first = wait
    return first
  }

  /** One thing at a time, so that what it sets off has happened before the next. */
  private skipPauses(): void {
    if (this.skipping) return
    this.skipping = true
    nextRound(() => {
      this.skipping = false
      const pause = this.earliest(({ isPause }) => isPause)
      if (pause === undefined) return
      this.next(pause.at)
      this.skipPauses()
    })
  }
}
