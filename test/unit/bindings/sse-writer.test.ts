/** What a stream keeps of the events that it has sent. */
import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import type { HttpResponse } from '../../../src/bindings/http/exchange.js'
import { writeEvents } from '../../../src/bindings/sse/writer.js'
import type { EventStream, Frame } from '../../../src/service/stream-step.js'
import { stillHeld } from '../../support/collected.js'

class Response extends EventEmitter {
  writeHead() {}
  write() {
    return true
  }
  end() {}
  destroy() {}
}

const LIMITS = { heartbeatMs: 10_000, maxStreamMs: 10_000, stallMs: 10_000 }

describe('an event stream', () => {
  it('keeps no event that it has sent, however long it stays open', async () => {
    const frames: WeakRef<Frame>[] = []
    let held = -1
    async function* events(): EventStream {
      for (let i = 0; i < 200; i += 1) {
        await null
        const frame: Frame = { event: { statusUpdate: { taskId: `${i}` } } }
        frames.push(new WeakRef(frame))
        yield frame
      }
      held = await stillHeld(frames)
    }
    await writeEvents(new Response() as unknown as HttpResponse, {
      frames: events(),
      data: ({ event }) => JSON.stringify(event),
      error: String,
      signal: new AbortController().signal,
      limits: LIMITS,
      headers: {},
    })
    // The first and the last one may still be on the stack.
    expect(held).toBeLessThan(5)
  })

  it('ends when the reader goes, also while nothing happens', async () => {
    const response = new Response()
    async function* silence(): EventStream {
      yield { event: {} }
      await new Promise(() => {})
    }
    const written = writeEvents(response as unknown as HttpResponse, {
      frames: silence(),
      data: () => '{}',
      error: String,
      signal: new AbortController().signal,
      limits: LIMITS,
      headers: {},
    })
    await new Promise((resolve) => setImmediate(resolve))
    response.emit('close')
    await written
  })
})
