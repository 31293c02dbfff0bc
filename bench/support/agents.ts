/** The agents that are measured. */
import { agent } from '../../src/index.js'

export const durable = agent({ id: 'durable', default: true }, (message) => `Echo: ${message.text}`)

export const inline = agent({ id: 'inline', run: 'inline' }, (message) => `Echo: ${message.text}`)

export const direct = agent({ id: 'direct', run: 'direct' }, (message) => `Echo: ${message.text}`)

/** Says the time, a thousand times a second: each chunk is the monotonic clock in nanoseconds when it was said. */
export const clock = agent({ id: 'clock' }, async function* (message, ctx) {
  const count = Number(message.text)
  const begun = performance.now()
  for (let i = 0; i < count; i += 1) {
    while (performance.now() - begun < i) {
      if (ctx.signal.aborted) return
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    yield `${process.hrtime.bigint()} `
  }
})

export const agents = [durable, inline, direct, clock]
