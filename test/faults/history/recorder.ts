/** Takes down a history while it happens. */
import { closeSync, openSync, writeSync } from 'node:fs'
import type { History, HistoryEvent } from './history.js'

/** An event without its time, which the recorder adds. */
export type NewEvent = HistoryEvent extends infer E ? (E extends HistoryEvent ? Omit<E, 'at'> : never) : never

export class Recorder {
  private readonly events: HistoryEvent[] = []
  private calls = 0
  private readonly listeners = new Set<(event: HistoryEvent) => void>()

  add(event: NewEvent): HistoryEvent {
    const timed = { ...event, at: Date.now() } as HistoryEvent
    this.events.push(timed)
    for (const listener of this.listeners) listener(timed)
    return timed
  }

  /** A new number for a call or a stream. */
  nextCall(): number {
    this.calls += 1
    return this.calls
  }

  /** Resolves with the first event, past or future, for which `wanted` holds. */
  async until(wanted: (event: HistoryEvent) => boolean, what: string, ms = 30_000): Promise<HistoryEvent> {
    const past = this.events.find(wanted)
    if (past !== undefined) return past
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.listeners.delete(listener)
        reject(new Error(`${what} did not happen within ${ms} ms`))
      }, ms)
      const listener = (event: HistoryEvent) => {
        if (!wanted(event)) return
        clearTimeout(timer)
        this.listeners.delete(listener)
        resolve(event)
      }
      this.listeners.add(listener)
    })
  }

  get history(): History {
    return this.events
  }
}

/** One JSON object a line, so that a run that went wrong can be judged again. */
export function writeHistory(file: string, history: History): void {
  const out = openSync(file, 'w', 0o600)
  try {
    for (const event of history) writeSync(out, `${JSON.stringify(event)}\n`)
  } finally {
    closeSync(out)
  }
}
