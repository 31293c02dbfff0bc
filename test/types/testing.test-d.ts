/** What a test may say. Checked by `npm run check`. */
import { agent, type TaskStateJson } from '../../src/index.js'
import { type AgentTester, test } from '../../src/testing/index.js'

const t: AgentTester = test(agent({ id: 'a' }, () => 'x'))

export const state: TaskStateJson = (await t.send('x')).state
export const text: string = (await t.reply([{ text: 'x' }], { skill: 's' })).text
export const price: number | undefined = t.steps().search
await t.advance('3 days')
t.crash({ afterStep: 'search', time: 2 })
t.fake(new URL('https://other.example'), async function* (message, ctx) {
  yield `${message.text} ${ctx.attempt}`
})

// @ts-expect-error no duration
await t.advance('soon')
// @ts-expect-error the name of the step is missing
t.crash({})
// @ts-expect-error a reply has its task
await t.reply('x', { taskId: 'y' })
// @ts-expect-error a number is no result
t.fake('other', () => 1)
// @ts-expect-error not an agent
test({ id: 'a' })
// @ts-expect-error undefined before the first task
t.task().id
