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
