/** One task that many read: what they get, and whether they slow its handler. */
import { type Child, startChild } from '../support/child.js'
import { type Group, type Line, type Measured, resultOf } from '../support/line.js'
import { openSse } from '../support/open-streams.js'
import { messageRequest, post, waitingTask } from '../support/rpc-client.js'

const FULL = 1_000
const SHORT = 100
/** Deliveries of one round, however many read. */
const DELIVERIES = 100_000
/** Events a second of a handler that keeps its own pace: about as fast as a model speaks. */
const PACE = 50
const PACE_SECONDS = 4

const ONE = 'one reader'

const lines = (readers: number) =>
  ({
    delivered: {
      name: `events delivered to ${readers.toLocaleString('en')} readers of one task, as fast as they come`,
      unit: '1/s',
      besideName: ONE,
      goal: { kind: 'at least', of: 'ratio', bound: 1 },
    },
    pace: {
      name: `pace of a handler that says ${PACE} events a second to ${readers.toLocaleString('en')} readers`,
      unit: '1/s',
      besideName: ONE,
      goal: { kind: 'at least', of: 'ratio', bound: 0.95 },
    },
  }) satisfies Record<string, Line>

interface Round {
  /** Events that arrived, of all readers, a second. */
  readonly delivered: number
  /** Events that the handler said, a second. */
  readonly pace: number
}

/** So many readers of one task, which says `count` events, `perSecond` or as fast as it can (0). */
async function round(
  server: Child<{ port: number }>,
  { readers, count, perSecond }: { readers: number; count: number; perSecond: number },
): Promise<Round> {
  const { port } = server.ready
  const url = `http://127.0.0.1:${port}/agents/waiter`
  const id = await waitingTask(url)
  const counts = Array.from({ length: readers }, () => new Occurrences('"artifactUpdate":{'))
  let text = ''
  const streams = await openSse({
    port,
    path: `/agents/waiter/tasks/${id}:subscribe`,
    count: readers,
    onData(data, stream) {
      counts[stream]?.add(data)
      if (stream === 0) text += data.toString()
    },
  })
  const begun = performance.now()
  const answer = post(url, messageRequest('SendMessage', `${count} ${perSecond}`, id))
  await streams.ended
  const seconds = (performance.now() - begun) / 1000
  await streams.close()
  if (!(await answer).includes('"TASK_STATE_COMPLETED"')) throw new Error(`not completed: ${await answer}`)
  const fewest = Math.min(...counts.map(({ count: seen }) => seen))
  if (fewest < count) throw new Error(`a reader got ${fewest} of ${count} events`)
  const said = [...text.matchAll(/"text":"(\d{9,}) "/g)].map(([, time]) => Number(time))
  const [first = 0, last = 0] = [said[0], said.at(-1)]
  return { delivered: (count * readers) / seconds, pace: ((said.length - 1) / (last - first)) * 1e9 }
}

/** Counts a text in bytes that come in pieces. */
class Occurrences {
  count = 0
  private readonly text: Buffer
  private rest: Buffer = Buffer.alloc(0)

  constructor(text: string) {
    this.text = Buffer.from(text)
  }

  add(piece: Buffer): void {
    const data = this.rest.length === 0 ? piece : Buffer.concat([this.rest, piece])
    for (let at = data.indexOf(this.text); at >= 0; at = data.indexOf(this.text, at + this.text.length)) this.count += 1
    // Less than the text, so that nothing is counted twice.
    this.rest = Buffer.from(data.subarray(Math.max(0, data.length - this.text.length + 1)))
  }
}

export const fanOutGroup: Group = {
  name: 'fan-out',
  async run({ full, log }) {
    const readers = full ? FULL : SHORT
    const server = await startChild<{ port: number }>('ours')
    try {
      log(`fan-out to ${readers} readers`)
      const fast = (to: number) => round(server, { readers: to, count: DELIVERIES / readers, perSecond: 0 })
      const paced = (to: number) => round(server, { readers: to, count: PACE * PACE_SECONDS, perSecond: PACE })
      await fast(readers)
      await fast(1)
      const delivered: Measured = { beside: (await fast(1)).delivered, value: (await fast(readers)).delivered }
      const pace: Measured = { beside: (await paced(1)).pace, value: (await paced(readers)).pace }
      const { delivered: first, pace: second } = lines(readers)
      return [resultOf(first, delivered), resultOf(second, pace)]
    } finally {
      await server.stop()
    }
  },
}
