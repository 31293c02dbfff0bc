/** Agents for tests with gateways and workers as processes of their own. */
import { setTimeout as delay } from 'node:timers/promises'
import { agent } from 'temporal-a2a'

/**
 * `<count> <ms> <attempt>`: so many words, one every so many milliseconds; before the attempt it does not come to an end.
 * One failure of its own would be its last.
 */
export const teller = agent({ id: 'teller', default: true, retry: { maxAttempts: 1 } }, async function* (message, ctx) {
  const [count = 0, ms = 0, attempt = 1] = message.text.split(' ').map(Number)
  for (let i = 0; i < count || ctx.attempt < attempt; i += 1) {
    await delay(ms, undefined, { signal: ctx.signal })
    yield `w${i} `
  }
})

/** Does not listen to the signal the first time. */
export const deaf = agent({ id: 'deaf', retry: { maxAttempts: 1 } }, async function* (_, ctx) {
  yield 'begun '
  if (ctx.attempt === 1) await delay(120_000, undefined, { ref: false })
  yield `on attempt ${ctx.attempt}`
})

/** Takes its time inside the first workflow task. */
export const inline = agent({ id: 'inline', run: 'inline' }, async (_, ctx) => {
  await delay(1_500, undefined, { signal: ctx.signal })
  return 'inline'
})

/** Asks, and says which build answers. */
export const asking = agent({ id: 'asking' }, async (_, ctx) => {
  const answer = await ctx.ask('Which?')
  return `${answer.text} on ${process.env.TEMPORAL_WORKER_BUILD_ID ?? 'no build'}`
})

/** `<first> <rest>`: so many chunks of 50,000 characters, which the second attempt goes on from by so many more; and a large step. */
export const heavy = agent({ id: 'heavy' }, async function* (message, ctx) {
  const [first = 0, rest = 0] = message.text.split(' ').map(Number)
  const step = await ctx.step('large', () => ({ pid: process.pid, filler: 'f'.repeat(300_000) }))
  if (ctx.resume !== undefined) yield ctx.resume.text
  else for (let i = 0; i < first; i += 1) yield `${i % 10}`.repeat(50_000)
  if (ctx.attempt === 1) await delay(120_000, undefined, { signal: ctx.signal })
  for (let i = 0; i < rest; i += 1) yield 'r'.repeat(50_000)
  yield ` ${step.pid === process.pid ? 'the same process' : 'another process'} ${step.filler.length}`
})
