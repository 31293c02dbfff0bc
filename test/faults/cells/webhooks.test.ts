/** A process dies between a state and what its webhooks are told of it: they are told all the same. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FailPointName } from '../../../src/internal/fail-points.js'
import { send, stateOf, taskOf } from '../../support/reading.js'
import { startReceiver, type WebhookReceiver } from '../../support/webhook-receiver.js'
import { wireNamed } from '../../support/wires.js'
import { script } from '../agents/script.js'
import { Site } from '../processes/site.js'
import { START_MS } from './cell.js'

let site: Site
let receiver: WebhookReceiver

beforeAll(async () => {
  receiver = await startReceiver()
  site = await Site.start({ replicas: 1, args: ['--webhook-allow', '127.0.0.1'] })
}, START_MS)

afterAll(async () => {
  await site?.stop()
  await receiver?.close()
})

/** The task of a message whose webhook is this path. */
async function tell(path: string) {
  const message = { messageId: `message-${path.slice(1)}-1`, role: 'ROLE_USER', parts: [{ text: script.tell(3) }] }
  const taskPushNotificationConfig = { id: 'w', url: `${receiver.url}${path}`, token: 'a-token' }
  const configuration = { returnImmediately: true, taskPushNotificationConfig }
  const wire = wireNamed('jsonrpc', site.gateway(0).url)
  return taskOf(await wire.call('sendMessage', { ...send(''), message, configuration }))
}

describe('webhooks of a process that is killed', () => {
  it.each([
    ['turn.result', 'before the state is durable'],
    ['turn.ended', 'when the state is durable and nobody was told'],
    ['webhook.tell', 'before it is written down what they are told'],
    ['webhook.deliver', 'before it is sent'],
  ] as const satisfies readonly (readonly [FailPointName, string])[])(
    '%s: %s',
    async (at) => {
      const path = `/${at.replace('.', '-')}`
      const { process } = site.gateway(0)
      const armed = site.arm(at, 'kill')
      const { id } = await tell(path)
      await armed.reached()
      await site.restart(process)
      const got = await receiver.got(path, 1)
      const told = JSON.parse(got[0]?.body ?? '').statusUpdate
      expect(told).toMatchObject({ taskId: id, status: { state: 'TASK_STATE_COMPLETED' } })
      expect(got[0]?.headers['x-a2a-notification-token']).toBe('a-token')
      expect(new Set(got.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
      const task = await wireNamed('jsonrpc', site.gateway(0).url).call('getTask', { id })
      expect(stateOf(task)).toBe('TASK_STATE_COMPLETED')
    },
    60_000,
  )
})
