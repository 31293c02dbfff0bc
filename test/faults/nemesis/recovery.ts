/** What readers noticed of the faults: how long their streams stood still. */
import { byTask } from '../history/by-task.js'
import { type Framed, type History, isTerminal, isWaiting, stateShown } from '../history/history.js'

/** Silence below this is no gap: agents of a run pause for less between two events. */
const GAP_MS = 500

/**
 * Milliseconds from a fault to the next event of a reader whose stream stood still over it, the shortest first. Also over
 * several connections: what counts is what the reader saw.
 */
export function recoveryTimes(history: History): number[] {
  const faults = history
    .flatMap((event) => (event.kind === 'fault' && BREAKS.has(event.verb) ? [event.at] : []))
    .sort((a, b) => a - b)
  const times: number[] = []
  for (const { clients } of byTask(history)) {
    for (const streams of clients.values()) {
      const frames = streams.flatMap((stream) => stream.frames)
      for (const [index, next] of frames.entries()) {
        const before = frames[index - 1]
        if (before === undefined || next.at - before.at < GAP_MS || rests(before)) continue
        const fault = faults.find((at) => at > before.at && at < next.at)
        if (fault !== undefined) times.push(next.at - fault)
      }
    }
  }
  return times.sort((a, b) => a - b)
}

const BREAKS: ReadonlySet<string> = new Set(['kill', 'stop', 'cut', 'blackhole'])

/** Nothing is to be expected after it. */
function rests({ event }: Framed): boolean {
  const state = stateShown(event)
  return isTerminal(state) || isWaiting(state)
}

export function recoveryLine(times: readonly number[]): string {
  if (times.length === 0) return 'no reader noticed a fault'
  const at = (part: number) => seconds(times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? 0)
  return `${times.length} streams stood still over a fault: p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)}`
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
