/** Waiting with an end. */
import { setTimeout as delay } from 'node:timers/promises'

/** @throws the reason of `signal` as soon as it is aborted */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted()
  try {
    await delay(ms, undefined, signal === undefined ? {} : { signal })
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  }
}

/** Looks every `everyMs` until `look` is true; false when `withinMs` have passed. */
export async function waitUntil(
  look: () => boolean,
  withinMs: number,
  everyMs: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const end = performance.now() + withinMs
  while (!look()) {
    if (performance.now() >= end) return false
    await sleep(everyMs, signal)
  }
  return true
}
