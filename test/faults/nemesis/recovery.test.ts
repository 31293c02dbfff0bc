/** How long readers stood still, out of a history. */
import { expect, it } from 'vitest'
import type { HistoryEvent } from '../history/history.js'
import { recoveryLine, recoveryTimes } from './recovery.js'

const frame = (at: number, state?: string, stream = 1): HistoryEvent => ({
  kind: 'framed',
  at,
  label: 'x',
  stream,
  event: state === undefined ? {} : { statusUpdate: { status: { state: state as never } } },
})
const opened = (stream: number): HistoryEvent => ({
  kind: 'opened',
  at: 0,
  label: 'x',
  client: 'c',
  stream,
  operation: 'SubscribeToTask',
})
const kill = (at: number): HistoryEvent => ({ kind: 'fault', at, verb: 'kill', target: 'worker-1' })

it('counts from the fault to the next event, over connections, and no pause that was meant', () => {
  const history = [
    ...[opened(1), opened(2)],
    ...[frame(1_000), frame(1_100), kill(1_200), frame(4_200), kill(4_210), frame(4_300)],
    ...[kill(4_400), kill(4_500), frame(9_400, 'TASK_STATE_INPUT_REQUIRED', 2)],
    ...[kill(9_500), frame(20_000, undefined, 2)],
  ]
  expect(recoveryTimes(history)).toEqual([3_000, 5_000])
  expect(recoveryLine([3_000, 5_000])).toBe('2 streams stood still over a fault: p50 5.0 s, p99 5.0 s, max 5.0 s')
  expect(recoveryLine([])).toBe('no reader noticed a fault')
})
