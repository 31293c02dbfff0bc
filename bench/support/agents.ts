/** The agents that are measured. */
import { setTimeout as delay, setImmediate as nextTick } from 'node:timers/promises'
import { agent } from '../../src/index.js'

export const durable = agent({ id: 'durable', default: true }, (message) => `Echo: ${message.text}`)

export const inline = agent({ id: 'inline', run: 'inline' }, (message) => `Echo: ${message.text}`)

export const direct = agent({ id: 'direct', run: 'direct' }, (message) => `Echo: ${message.text}`)

/** `COUNT [PER_SECOND]`: says the monotonic clock in nanoseconds so many times; 1,000 a second by default. */
export const clock = agent({ id: 'clock' }, async function* (message, ctx) {
  yield* saying(message.text, ctx.signal, time)
})

/** Waits for an answer, and does with it what `clock` does with its message. */
export const waiter = agent({ id: 'waiter' }, async function* (_, ctx) {
  const answer = await ctx.ask('How many?')
  yield* saying(answer.text, ctx.signal, time)
})

/** `COUNT PER_SECOND`: counts from 0, so that what is lost or repeated shows. */
export const counter = agent({ id: 'counter' }, async function* (message, ctx) {
  yield* saying(message.text, ctx.signal, (i) => `${i} `)
})

/** 10 characters, as often as the message says, as fast as they are taken. */
export const talker = agent({ id: 'talker' }, async function* (message) {
  for (let i = 0; i < Number(message.text); i += 1) yield '123456789 '
})

function time(): string {
  return `${process.hrtime.bigint()} `
}

/** @param what `COUNT PER_SECOND`; 0 a second: one each time that the process has nothing else to do */
async function* saying(what: string, signal: AbortSignal, say: (i: number) => string): AsyncGenerator<string> {
  const [count = 0, perSecond = 1_000] = what.split(' ').map(Number)
  const begun = performance.now()
  for (let i = 0; i < count && !signal.aborted; i += 1) {
    if (perSecond === 0) await nextTick()
    while (perSecond > 0 && performance.now() - begun < (i / perSecond) * 1_000) {
      await delay(1)
      if (signal.aborted) return
    }
    yield say(i)
  }
}

export const agents = [durable, inline, direct, clock, waiter, counter, talker]
