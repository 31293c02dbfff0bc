/** What a stream keeps of the events that it has sent. */
import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import type { HttpResponse } from '../../../src/bindings/http/exchange.js'
import { startEvents } from '../../../src/bindings/sse/writer.js'
import { type EventStream, type Frame, STREAM_END } from '../../../src/service/stream-step.js'
import { stillHeld } from '../../support/collected.js'

class Response extends EventEmitter {
  begun = false
  writeHead() {
    this.begun = true
  }
  write() {
    return true
  }
  readonly ended = Promise.withResolvers<void>()
  end() {
    this.ended.resolve()
  }
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
    const response = new Response()
    await startEvents(response as unknown as HttpResponse, {
      frames: events(),
      form: { data: ({ event }) => JSON.stringify(event), error: String },
      signal: new AbortController().signal,
      limits: LIMITS,
      headers: {},
    })
    await response.ended.promise
    // The first and the last one may still be on the stack.
    expect(held).toBeLessThan(5)
  })

  it('ends when the reader goes, also while nothing happens', async () => {
    const response = new Response()
    let ended = 0
    const silence: EventStream = {
      next: async () =>
        ended === 0 && !response.begun ? { done: false, value: { event: {} } } : new Promise(() => {}),
      async return() {
        ended += 1
        return STREAM_END
      },
      [Symbol.asyncIterator]: () => silence,
    }
    await startEvents(response as unknown as HttpResponse, {
      frames: silence,
      form: { data: () => '{}', error: String },
      signal: new AbortController().signal,
      limits: LIMITS,
      headers: {},
    })
    expect(ended).toBe(0)
    response.emit('close')
    expect(ended).toBe(1)
  })
})
