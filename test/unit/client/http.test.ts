/** Reading what comes over HTTP: in any pieces, within bounds. */

import { describe, expect, it } from 'vitest'
import { readEvents, type ServerEvent } from '../../../src/client/http/read-events.js'
import { retryAfterMs } from '../../../src/client/http/retry-after.js'
import { SilenceWatch } from '../../../src/client/http/silence-watch.js'
import { fc } from '../../support/property.js'

const LIMITS = { eventBytes: 10_000, streamBytes: 1_000_000 }

function responseOf(chunks: readonly Uint8Array[]): Response {
  let next = 0
  return new Response(
    new ReadableStream({
      pull(controller) {
        const chunk = chunks[next]
        next += 1
        if (chunk === undefined) controller.close()
        else controller.enqueue(chunk)
      },
    }),
  )
}

/** `bytes`, cut at these places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b)
  return [0, ...at].map((from, i) => bytes.subarray(from, [...at, bytes.length][i]))
}

async function eventsOf(chunks: readonly Uint8Array[]): Promise<ServerEvent[]> {
  const events: ServerEvent[] = []
  const silence = new SilenceWatch(new AbortController().signal, 10_000)
  for await (const event of readEvents(responseOf(chunks), silence, LIMITS)) events.push(event)
  silence.close()
  return events
}

describe('server-sent events', () => {
  it('are the same however they were cut, with comments and ids between', async () => {
    const event = fc.record({ data: fc.jsonValue({ maxDepth: 1 }).map((value) => JSON.stringify(value)), id: fc.nat() })
    await fc.assert(
      fc.asyncProperty(
        fc.array(event, { maxLength: 8 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        async (sent, places) => {
          const text = sent.map(({ data, id }) => `:\n\nid: ${id}\ndata: ${data}\n\n`).join('')
          const read = await eventsOf(cut(new TextEncoder().encode(text), places))
          expect(read).toEqual(sent.map(({ data, id }) => ({ data, id: String(id) })))
        },
      ),
    )
  })

  it('end with their connection: half an event is none', async () => {
    expect(await eventsOf([new TextEncoder().encode('data: 1\n\ndata: 2')])).toEqual([{ data: '1' }])
  })
})

describe('Retry-After', () => {
  const ms = (value: string) => retryAfterMs(new Headers({ 'retry-after': value }), Date.UTC(2026, 0, 1, 0, 0, 0))

  it.each([
    ['2', 2_000],
    ['0', 0],
    ['999999999', 3_600_000],
    ['Thu, 01 Jan 2026 00:00:05 GMT', 5_000],
    ['Wed, 31 Dec 2025 00:00:05 GMT', 0],
    ['soon', undefined],
    ['-1', undefined],
  ])('%s is %s ms', (value, expected) => {
    expect(ms(value)).toBe(expected)
  })
})
