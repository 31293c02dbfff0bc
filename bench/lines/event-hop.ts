/** How long a chunk takes from the handler to the client, at 1,000 chunks a second. */
import http from 'node:http'
import { startChild } from '../support/child.js'
import { type Group, type Line, resultOf } from '../support/line.js'
import { percentile } from '../support/stats.js'

const COUNT = 4_000
const BARE = 'bare event stream'

const LINES = {
  p50: {
    name: 'event hop handler → client at 1,000/s, p50',
    unit: 'ms',
    besideName: BARE,
    goal: { kind: 'at most', of: 'value', bound: 2 },
  },
  p99: {
    name: 'event hop handler → client at 1,000/s, p99',
    unit: 'ms',
    besideName: BARE,
    goal: { kind: 'at most', of: 'value', bound: 15 },
  },
} satisfies Record<string, Line>

/** Milliseconds that each chunk took: it carries the time when it was said, by the clock that all processes share. */
function hops(url: string, method: string, body: string): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const times: number[] = []
    const headers = { 'content-type': 'application/json', 'a2a-version': '1.0' }
    const request = http.request(url, { method, headers }, (response) => {
      response.on('data', (chunk: Buffer) => {
        const now = process.hrtime.bigint()
        for (const [, said] of chunk.toString().matchAll(/"text":"(\d{9,}) "/g)) {
          times.push(Number(now - BigInt(said ?? 0)) / 1e6)
        }
      })
      response.on('end', () => resolve(times))
    })
    request.on('error', reject)
    request.end(body)
  })
}

export const eventHopGroup: Group = {
  name: 'event hop',
  async run({ log }) {
    const ours = await startChild<{ port: number }>('ours')
    const bare = await startChild<{ port: number }>('bare-sse')
    const message = { messageId: 'm', role: 'ROLE_USER', parts: [{ text: String(COUNT) }] }
    const body = JSON.stringify({ message })
    try {
      log('event hop')
      const theirs = await hops(`http://127.0.0.1:${bare.ready.port}/?count=${COUNT}`, 'GET', '')
      const own = await hops(`http://127.0.0.1:${ours.ready.port}/agents/clock/message:stream`, 'POST', body)
      if (own.length !== COUNT) throw new Error(`${own.length} of ${COUNT} chunks arrived`)
      return [
        resultOf(LINES.p50, { value: percentile(own, 0.5), beside: percentile(theirs, 0.5) }),
        resultOf(LINES.p99, { value: percentile(own, 0.99), beside: percentile(theirs, 0.99) }),
      ]
    } finally {
      await Promise.all([ours.stop(), bare.stop()])
    }
  },
}
