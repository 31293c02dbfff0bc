/** An agent for processes that are killed: its steps leave a line each in the file named by STEPS_LOG. */
import { appendFileSync, existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { AskTimeout, agent } from 'temporal-a2a'

const log = process.env.STEPS_LOG ?? ''

export default agent({ id: 'crash', retry: { initialIntervalMs: 50 } }, async function* (message, ctx) {
  const step = (name: string) => ctx.step(name, () => appendFileSync(log, `${name}\n`))
  if (message.text === 'timeout') {
    await step('before')
    try {
      await ctx.ask('Quick?', { timeout: '4 s' })
    } catch (error) {
      if (!(error instanceof AskTimeout)) throw error
      await step('timed out')
      return 'timed out'
    }
  }
  await step('one')
  yield 'one '
  await Promise.all([step('two'), step('three')])
  yield 'two '
  while (!existsSync(`${log}.go`)) await delay(50, undefined, { signal: ctx.signal })
  await step('four')
  yield 'three'
})
