/** Time, for what waits so long that its tests must not: the process's own by default, a made one in the testing kit. */
import { sleep } from './abort.js'
import { startTimer } from './timer.js'

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** A pause of the process itself. Resolves after `ms`, or as soon as `signal` aborts; never rejects. */
  pause(ms: number, signal?: AbortSignal): Promise<void>
  /** Calls back once after `ms`, however long that is, unless the returned function is called before. */
  timer(fire: () => void, ms: number): () => void
}

/** Timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  pause: sleep,
  timer: (fire, ms) => startTimer(fire, ms, 'background'),
}

/** ISO 8601, UTC, with milliseconds. */
export function timestamp(clock: Clock): string {
  return new Date(clock.now()).toISOString()
}
