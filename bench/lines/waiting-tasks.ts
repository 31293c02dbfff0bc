/** Tasks that have asked something and wait for the answer: what they hold, and how fast one of them goes on. */
import { startChild, type Usage } from '../support/child.js'
import { type Group, type Line, resultOf } from '../support/line.js'
import { messageRequest, post, waitingTask } from '../support/rpc-client.js'
import { percentile } from '../support/stats.js'

const FULL = 10_000
const SHORT = 200
const AT_ONCE = 20
/** Answers that are given, one at a time, each to a task at random. */
const ANSWERS_FULL = 500
const ANSWERS_SHORT = 100
const WARM_UP = 20
const MIB = 1_048_576

const lines = (tasks: number) =>
  ({
    memory: {
      name: `memory of gateway and worker with ${tasks.toLocaleString('en')} waiting tasks`,
      unit: 'MiB',
      besideName: 'without any',
      goal: { kind: 'at most', of: 'value', bound: 1_536 },
    },
    resume: {
      name: `answer to one of ${tasks.toLocaleString('en')} waiting tasks until it has completed, p99`,
      unit: 'ms',
      besideName: 'a new task until it waits, p99',
      goal: { kind: 'at most', of: 'value', bound: 1_000 },
    },
  }) satisfies Record<string, Line>

export const waitingTasksGroup: Group = {
  name: 'waiting tasks',
  async run({ temporalAddress, full, log }) {
    const tasks = full ? FULL : SHORT
    const answers = full ? ANSWERS_FULL : ANSWERS_SHORT
    const server = await startChild<{ port: number }>('ours', [temporalAddress])
    const url = `http://127.0.0.1:${server.ready.port}/agents/waiter`
    const answer = async (id: string) => {
      const text = await post(url, messageRequest('SendMessage', '1 0', id))
      if (!text.includes('"TASK_STATE_COMPLETED"')) throw new Error(`not completed: ${text}`)
    }
    try {
      for (let i = 0; i < WARM_UP; i += 1) await answer(await waitingTask(url))
      const before = await server.ask<Usage>('usage')
      log(`${tasks} waiting tasks`)
      const ids: string[] = []
      const lane = async () => {
        for (let left = tasks / AT_ONCE; left > 0; left -= 1) ids.push(await waitingTask(url))
      }
      await Promise.all(Array.from({ length: AT_ONCE }, lane))
      const after = await server.ask<Usage>('usage')
      log(`${answers} answers to waiting tasks`)
      const begun: number[] = []
      const resumed: number[] = []
      for (let i = 0; i < answers; i += 1) {
        const at = performance.now()
        const fresh = await waitingTask(url)
        begun.push(performance.now() - at)
        ids.push(fresh)
        const [id = fresh] = ids.splice(Math.floor(Math.random() * ids.length), 1)
        const asked = performance.now()
        await answer(id)
        resumed.push(performance.now() - asked)
      }
      const { memory, resume } = lines(tasks)
      return [
        resultOf(memory, { value: after.rssBytes / MIB, beside: before.rssBytes / MIB }),
        resultOf(resume, { value: percentile(resumed, 0.99), beside: percentile(begun, 0.99) }),
      ]
    } finally {
      await server.stop()
    }
  },
}
