/**
 * Turns of this process that want to hold the same state, one after the other: whoever waits here does not have to ask for it
 * again and again.
 */
import { sleep } from '../internal/abort.js'
import { STATE_LIMITS } from '../task/state-record.js'

export class HoldQueue {
  private readonly last = new Map<string, Promise<void>>()

  /**
   * Waits for those before; not longer than they may hold anything, each. Gives the way to let the next one in, which comes in
   * anyway when the time is over.
   */
  async enter(key: string, signal: AbortSignal): Promise<() => void> {
    const before = this.last.get(key)
    const gate = Promise.withResolvers<void>()
    const own = (before ?? Promise.resolve()).then(() => gate.promise)
    this.last.set(key, own)
    void own.then(() => {
      if (this.last.get(key) === own) this.last.delete(key)
    })
    const over = new AbortController()
    const leave = () => {
      over.abort()
      gate.resolve()
    }
    if (before !== undefined) {
      const stopped = Promise.withResolvers<void>()
      const stop = () => stopped.resolve()
      signal.addEventListener('abort', stop, { once: true })
      await Promise.race([before, stopped.promise])
      signal.removeEventListener('abort', stop)
    }
    if (signal.aborted) {
      leave()
      signal.throwIfAborted()
    }
    void sleep(STATE_LIMITS.holdMs, over.signal, 'background').then(leave)
    return leave
  }
}
