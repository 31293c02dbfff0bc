/** docs/webhooks.md does what it says. */
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createWebhookSender } from '../../src/push/send-webhook.js'
import { type WebhookContent, webhookHeaders } from '../../src/push/webhook-headers.js'
import { webhookPolicy } from '../../src/push/webhook-policy.js'
import { newWebhookSecret } from '../support/webhook-secret.js'
import { type Recipes, recipesOf } from './recipes.js'

const EVENT = { statusUpdate: { taskId: 't', contextId: 'c', status: { state: 'TASK_STATE_COMPLETED' } } }
const CONTENT: WebhookContent = { id: 'msg_1', event: 'status-update', body: JSON.stringify(EVENT), version: '1.0' }

let recipes: Recipes
let printed: string[]

beforeAll(async () => {
  recipes = await recipesOf('docs/webhooks.md')
})

afterAll(() => recipes.remove())

beforeEach(() => {
  printed = []
  vi.spyOn(console, 'log').mockImplementation((...values: unknown[]) => void printed.push(values.join(' ')))
})

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

describe('the code of docs/webhooks.md', () => {
  it('compiles', () => recipes.compile(), 60_000)

  it('takes what is signed, once, and nothing else', async () => {
    const secret = newWebhookSecret()
    vi.stubEnv('WEBHOOK_SECRET', secret)
    const { receiver } = await recipes.load<{ receiver: Server }>('Receiving')
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
    try {
      const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`
      const sender = createWebhookSender(webhookPolicy(['127.0.0.1']))
      const send = (content: WebhookContent, secrets: string[], now = Date.now(), body = content.body) =>
        sender.send({ url, headers: webhookHeaders(content, { secrets }, now), body }, new AbortController().signal)
      expect(await send(CONTENT, [secret])).toMatchObject({ kind: 'delivered', status: 204 })
      expect(await send(CONTENT, [secret])).toMatchObject({ kind: 'delivered', status: 204 })
      expect(printed).toEqual([`webhook ${CONTENT.body}`])

      const refused = { kind: 'retry', status: 401 }
      const other = { ...CONTENT, id: 'msg_2' }
      expect(await send(other, [])).toMatchObject(refused)
      expect(await send(other, [newWebhookSecret()])).toMatchObject(refused)
      expect(await send(other, [secret], Date.now() - 301_000)).toMatchObject(refused)
      expect(await send(other, [secret], Date.now(), `${CONTENT.body} `)).toMatchObject(refused)
      expect(printed).toHaveLength(1)
      // While it is changed.
      expect(await send(other, [newWebhookSecret(), secret])).toMatchObject({ kind: 'delivered' })
      expect(printed).toHaveLength(2)
    } finally {
      await new Promise((resolve) => receiver.close(resolve))
    }
  })
})
