/** The lives of tasks whose histories are kept: one of each way through the workflow. */
import { setTimeout as delay } from 'node:timers/promises'
import { openGate } from '../support/agents.js'
import { ran } from '../support/journal-agents.js'
import { textOfLength } from '../support/large-agents.js'
import { eventually, send, stateOf, taskOf, textOf } from '../support/reading.js'
import { startReceiver, type WebhookReceiver } from '../support/webhook-receiver.js'
import type { Wire } from '../support/wires.js'

export interface Scenario {
  readonly name: string
  readonly agent: string
  /** The workflow whose history is kept; default: the task's. */
  readonly workflowId?: (taskId: string) => string
  /** Lives it, and gives the task's id. */
  run(wire: Wire): Promise<string>
}

const NOW = { configuration: { returnImmediately: true } }

async function begun(wire: Wire, gate: string): Promise<string> {
  const { id } = taskOf(await wire.call('sendMessage', send(`wait ${gate}`, NOW)))
  await eventually(async () => {
    if (textOf(await wire.call('getTask', { id })) !== 'waiting') throw new Error('not yet')
  })
  return id
}

async function ended(wire: Wire, id: string): Promise<string> {
  await eventually(async () => {
    if (!/COMPLETED|CANCELED|FAILED/.test(stateOf(await wire.call('getTask', { id })) ?? '')) throw new Error('not yet')
  })
  return id
}

const JOURNALED = { agent: 'journaled' }

async function endedOf(wire: Wire, id: string, ms?: number, of = JOURNALED): Promise<string> {
  await eventually(async () => {
    const task = await wire.call('getTask', { id }, of)
    if (!/COMPLETED|CANCELED|FAILED/.test(stateOf(task) ?? '')) throw new Error('not yet')
  }, ms)
  return id
}

async function ask(wire: Wire, text: string): Promise<string> {
  return taskOf(await wire.call('sendMessage', send(text), JOURNALED)).id
}

async function answer(wire: Wire, taskId: string, text: string): Promise<void> {
  await wire.call('sendMessage', send(text, {}, { taskId }), JOURNALED)
}

/** Until a question with a reminder was asked again. */
async function remindedOf(wire: Wire, id: string): Promise<void> {
  const leaver = new AbortController()
  let seen = 0
  for await (const _ of wire.stream('subscribeToTask', { id }, { ...JOURNALED, signal: leaver.signal })) {
    seen += 1
    if (seen === 2) break
  }
  leaver.abort()
}

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'state-and-questions',
    agent: 'remembering',
    async run(wire) {
      const agent = { agent: 'remembering' }
      const { id } = taskOf(await wire.call('sendMessage', send('ask-twice'), agent))
      for (const text of ['one', 'two']) await wire.call('sendMessage', send(text, {}, { taskId: id }), agent)
      return id
    },
  },
  {
    name: 'one-turn',
    agent: 'scripted',
    run: async (wire) => taskOf(await wire.call('sendMessage', send('echo hi'))).id,
  },
  {
    name: 'failed',
    agent: 'scripted',
    run: async (wire) => taskOf(await wire.call('sendMessage', send('throw x'))).id,
  },
  {
    name: 'question-and-answer',
    agent: 'scripted',
    async run(wire) {
      const { id } = taskOf(await wire.call('sendMessage', send('ask which?')))
      await wire.call('sendMessage', send('this one', {}, { taskId: id }))
      return id
    },
  },
  {
    name: 'queued-messages',
    agent: 'scripted',
    async run(wire) {
      const id = await begun(wire, 'replay-queue')
      for (const text of ['second', 'third']) await wire.call('sendMessage', send(text, NOW, { taskId: id }))
      openGate('replay-queue')
      return ended(wire, id)
    },
  },
  {
    name: 'canceled-while-running',
    agent: 'scripted',
    async run(wire) {
      const id = await begun(wire, 'replay-cancel')
      await wire.call('cancelTask', { id })
      return id
    },
  },
  {
    name: 'canceled-and-looked-at',
    agent: 'scripted',
    async run(wire) {
      const id = await begun(wire, 'replay-looked-at')
      await wire.call('cancelTask', { id })
      return id
    },
  },
  {
    name: 'canceled-while-waiting',
    agent: 'scripted',
    async run(wire) {
      const { id } = taskOf(await wire.call('sendMessage', send('ask which?')))
      await wire.call('cancelTask', { id })
      return id
    },
  },
  {
    name: 'inline',
    agent: 'inline',
    run: async (wire) => taskOf(await wire.call('sendMessage', send('hi'), { agent: 'inline' })).id,
  },
  {
    name: 'inline-question',
    agent: 'inline',
    async run(wire) {
      const { id } = taskOf(await wire.call('sendMessage', send('ask'), { agent: 'inline' }))
      await wire.call('sendMessage', send('this', {}, { taskId: id }), { agent: 'inline' })
      return id
    },
  },
  {
    name: 'asked-inside-the-handler',
    agent: 'journaled',
    async run(wire) {
      const id = await ask(wire, 'ask replay')
      await answer(wire, id, 'Porto')
      await answer(wire, id, '2')
      return id
    },
  },
  {
    name: 'asked-without-answer',
    agent: 'journaled',
    run: async (wire) => endedOf(wire, await ask(wire, 'timeout replay')),
  },
  {
    name: 'asked-with-reminder',
    agent: 'journaled',
    async run(wire) {
      const id = await ask(wire, 'reminder')
      await remindedOf(wire, id)
      await answer(wire, id, 'here')
      return id
    },
  },
  {
    name: 'canceled-while-asked',
    agent: 'journaled',
    async run(wire) {
      const id = await ask(wire, 'reminder')
      await remindedOf(wire, id)
      await wire.call('cancelTask', { id }, JOURNALED)
      return id
    },
  },
  {
    name: 'called-another-agent',
    agent: 'journaled',
    run: (wire) => ask(wire, 'call replay callee say replay hello'),
  },
  {
    name: 'canceled-while-calling',
    agent: 'journaled',
    async run(wire) {
      const { id } = taskOf(await wire.call('sendMessage', send('call replay callee wait replay-call', NOW), JOURNALED))
      await eventually(() => {
        if (ran('callee/replay-call') === 0) throw new Error('not yet')
      })
      await wire.call('cancelTask', { id }, JOURNALED)
      return endedOf(wire, id)
    },
  },
  {
    name: 'canceled-between-attempts',
    agent: 'unlucky',
    async run(wire) {
      const unlucky = { agent: 'unlucky' }
      const { id } = taskOf(await wire.call('sendMessage', send('replay-unlucky', NOW), unlucky))
      await eventually(() => {
        if (ran('unlucky/replay-unlucky') === 0) throw new Error('not yet')
      })
      await delay(300)
      await wire.call('cancelTask', { id }, unlucky)
      return endedOf(wire, id, undefined, unlucky)
    },
  },
  {
    name: 'slept',
    agent: 'journaled',
    async run(wire) {
      const id = taskOf(await wire.call('sendMessage', send('sleep short', NOW), JOURNALED)).id
      await wire.call('sendMessage', send('queued meanwhile', NOW, { taskId: id }), JOURNALED)
      return endedOf(wire, id, 50_000)
    },
  },
  {
    name: 'webhook-told',
    agent: 'told',
    run: (wire) =>
      received(1, async ({ url }) => {
        const configuration = { taskPushNotificationConfig: { id: 'w', url: `${url}/hook` } }
        return taskOf(await wire.call('sendMessage', send('echo hi', { configuration }), TOLD)).id
      }),
  },
  {
    name: 'webhook-registered-later',
    agent: 'told',
    run: (wire) =>
      received(1, async ({ url }) => {
        const { id } = taskOf(await wire.call('sendMessage', send('wait replay-told', NOW), TOLD))
        await wire.call('createTaskPushNotificationConfig', { taskId: id, id: 'w', url: `${url}/hook` }, TOLD)
        openGate('replay-told')
        return id
      }),
  },
  {
    name: 'webhook-delivered-again',
    agent: 'told',
    workflowId: (taskId) => `a2a-push//told/${taskId}/w`,
    run: (wire) =>
      received(3, async ({ url }) => {
        const configuration = { taskPushNotificationConfig: { id: 'w', url: `${url}/flaky` } }
        const { id } = taskOf(await wire.call('sendMessage', send('ask which?', { configuration }), TOLD))
        await wire.call('sendMessage', send('this one', {}, { taskId: id }), TOLD)
        return id
      }),
  },
  {
    name: 'called-for-long',
    agent: 'journaled',
    async run(wire) {
      const { id } = taskOf(await wire.call('sendMessage', send('call replay callee wait replay-long', NOW), JOURNALED))
      await eventually(() => {
        if (ran('callee/replay-long') === 0) throw new Error('not yet')
      })
      // Until the caller was left, and looks seldom.
      await delay(6_000)
      openGate('replay-long')
      return endedOf(wire, id)
    },
  },
  {
    name: 'large-values',
    agent: 'large',
    async run(wire) {
      const to = { agent: 'large' }
      const asked = await wire.call('sendMessage', send(`steps 100000 replay ${textOfLength(100_000)}`), to)
      const { id } = taskOf(asked)
      await wire.call('sendMessage', send(textOfLength(100_000, 'answer'), {}, { taskId: id }), to)
      return id
    },
  },
]

const TOLD = { agent: 'told' }

/** With a receiver that refuses the first delivery once, if it is asked to, until it has got so many. */
async function received(count: number, live: (receiver: WebhookReceiver) => Promise<string>): Promise<string> {
  const receiver: WebhookReceiver = await startReceiver(({ path }) =>
    path === '/flaky' && receiver.received.length === 1 ? 500 : 204,
  )
  try {
    const id = await live(receiver)
    await eventually(() => {
      if (receiver.received.length < count) throw new Error('not yet')
    })
    return id
  } finally {
    await receiver.close()
  }
}
