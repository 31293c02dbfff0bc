/** Webhooks, wire by wire: the four operations, what comes with a message, and what is delivered. */
import type { JsonObject } from '@bufbuild/protobuf'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AgentDefinition } from '../../src/index.js'
import { openGate, scripted } from '../support/agents.js'
import { send, taskOf } from '../support/reading.js'
import { type Received, startReceiver, type WebhookReceiver } from '../support/webhook-receiver.js'
import { type Traits, type Wire, WireError } from '../support/wires.js'

/** Does what messages say, and tells webhooks of it. */
export const told: AgentDefinition = { ...scripted, id: 'told', pushNotifications: true }

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`

export function webhookContract(name: string, { kind, version, words }: Traits, start: () => Promise<Wire>): void {
  const old = version !== '1.0'
  const agent = 'told'

  describe(`webhooks: ${name}`, () => {
    let wire: Wire
    let receiver: WebhookReceiver
    let unique = 0

    beforeAll(async () => {
      wire = await start()
      receiver = await startReceiver()
    })

    afterAll(() => receiver.close())

    const newPath = () => {
      unique += 1
      return `/${name.replaceAll(' ', '-')}-${unique}`
    }

    const call = (operation: Parameters<Wire['call']>[0], request: JsonObject) =>
      wire.call(operation, request, { agent })

    const waitingTask = async () => {
      const { id: taskId } = taskOf(await call('sendMessage', send('ask which?')))
      return taskId ?? ''
    }

    const states = (received: readonly Received[]) =>
      received.map(({ body }) => {
        const json = JSON.parse(body)
        return (old ? json.status : json.statusUpdate.status).state
      })

    const COMPLETED = old ? 'completed' : 'TASK_STATE_COMPLETED'
    const AUTH_REQUIRED = old ? 'auth-required' : 'TASK_STATE_AUTH_REQUIRED'
    const INPUT_REQUIRED = old ? 'input-required' : 'TASK_STATE_INPUT_REQUIRED'

    async function refused(work: Promise<unknown>): Promise<WireError> {
      const error = await work.then(
        () => undefined,
        (thrown: unknown) => thrown,
      )
      expect(error).toBeInstanceOf(WireError)
      return error as WireError
    }

    it('are registered, found, listed and deleted, and never show their secrets (§3.1.7 to §3.1.10)', async () => {
      const taskId = await waitingTask()
      const url = `${receiver.url}/never`
      const secrets = { token: 'tok-secret', authentication: { scheme: 'Bearer', credentials: 'cred-secret' } }
      const made = await call('createTaskPushNotificationConfig', { taskId, id: 'w1', url, ...secrets })
      const shown = { taskId, id: 'w1', url, authentication: { scheme: 'Bearer' } }
      expect(made).toMatchObject(shown)
      expect(await call('getTaskPushNotificationConfig', { taskId, id: 'w1' })).toMatchObject(shown)
      const unnamed = await call('createTaskPushNotificationConfig', { taskId, url })
      expect(unnamed.id).toMatch(/^[\w-]{8,}$/)
      const listed = await call('listTaskPushNotificationConfigs', { taskId })
      const ids = (listed.configs as { id: string }[]).map(({ id }) => id)
      expect(ids.sort()).toEqual(['w1', unnamed.id].sort())
      expect(JSON.stringify([made, unnamed, listed])).not.toMatch(/tok-secret|cred-secret/)
      await call('deleteTaskPushNotificationConfig', { taskId, id: 'w1' })
      await call('deleteTaskPushNotificationConfig', { taskId, id: 'w1' })
      const gone = await refused(call('getTaskPushNotificationConfig', { taskId, id: 'w1' }))
      expect(gone.code).toBe({ jsonrpc: -32001, http: 404, grpc: 'NotFound' }[kind])
    })

    it.skipIf(old && words !== 'proto')('are listed in pages', async () => {
      const taskId = await waitingTask()
      for (const id of ['a', 'b', 'c']) {
        await call('createTaskPushNotificationConfig', { taskId, id, url: `${receiver.url}/never` })
      }
      const first = await call('listTaskPushNotificationConfigs', { taskId, pageSize: 2 })
      expect((first.configs as { id: string }[]).map(({ id }) => id)).toEqual(['a', 'b'])
      const pageToken = first.nextPageToken as string
      const second = await call('listTaskPushNotificationConfigs', { taskId, pageSize: 2, pageToken })
      expect((second.configs as { id: string }[]).map(({ id }) => id)).toEqual(['c'])
      expect(second.nextPageToken ?? '').toBe('')
      const other = await waitingTask()
      const forged = await refused(call('listTaskPushNotificationConfigs', { taskId: other, pageToken }))
      expect(forged.code).toBe({ jsonrpc: -32602, http: 400, grpc: 'InvalidArgument' }[kind])
    })

    it('of a task that is not there are not found', async () => {
      for (const [operation, request] of [
        ['createTaskPushNotificationConfig', { taskId: 'absent', id: 'c', url: 'https://example.com/hook' }],
        ['getTaskPushNotificationConfig', { taskId: 'absent', id: 'c' }],
        ['listTaskPushNotificationConfigs', { taskId: 'absent' }],
        ['deleteTaskPushNotificationConfig', { taskId: 'absent', id: 'c' }],
      ] as const) {
        const error = await refused(call(operation, request))
        expect(error.code, operation).toBe({ jsonrpc: -32001, http: 404, grpc: 'NotFound' }[kind])
      }
    })

    it('are refused where they may not lead, and beyond ten', async () => {
      const taskId = await waitingTask()
      for (const url of ['http://10.0.0.1/', 'https://169.254.169.254/', 'ftp://example.com', 'nonsense']) {
        const error = await refused(call('createTaskPushNotificationConfig', { taskId, url }))
        expect(error.code, url).toBe({ jsonrpc: -32602, http: 400, grpc: 'InvalidArgument' }[kind])
      }
      const inline = { taskPushNotificationConfig: { url: 'http://10.0.0.1/' } }
      const error = await refused(call('sendMessage', send('echo x', { configuration: inline })))
      expect(error.code).toBe({ jsonrpc: -32602, http: 400, grpc: 'InvalidArgument' }[kind])
      for (let i = 0; i < 10; i += 1) {
        await call('createTaskPushNotificationConfig', { taskId, id: `w${i}`, url: `${receiver.url}/never` })
      }
      const eleventh = await refused(
        call('createTaskPushNotificationConfig', { taskId, id: 'w10', url: `${receiver.url}/never` }),
      )
      expect(eleventh.message).toMatch(/10 webhooks/)
      await call('createTaskPushNotificationConfig', { taskId, id: 'w9', url: `${receiver.url}/never` })
    })

    it('that come with a message are told how it ends, signed (§4.3.3)', async () => {
      const path = newPath()
      const taskPushNotificationConfig = {
        url: `${receiver.url}${path}`,
        token: SECRET,
        authentication: { scheme: 'Bearer', credentials: 'let-me-in' },
      }
      const task = taskOf(await call('sendMessage', send('echo hi', { configuration: { taskPushNotificationConfig } })))
      const [request] = await receiver.got(path, 1)
      const { headers, body } = request as Received
      expect(headers.authorization).toBe('Bearer let-me-in')
      expect(headers['content-type']).toBe(old ? 'application/json' : 'application/a2a+json')
      expect(headers['x-a2a-event']).toBe(old ? 'task' : 'status-update')
      expect(headers['x-a2a-notification-token']).toBeUndefined()
      const verified = new Webhook(SECRET).verify(body, headers as Record<string, string>)
      if (old) expect(verified).toMatchObject({ kind: 'task', id: task.id, status: { state: 'completed' } })
      else {
        expect(Object.keys(verified as object)).toEqual(['statusUpdate'])
        expect(verified).toMatchObject({ statusUpdate: { taskId: task.id, status: { state: 'TASK_STATE_COMPLETED' } } })
      }
    })

    it('are told every state in order, and nothing after they were deleted', async () => {
      const path = newPath()
      const config = { id: 'h', url: `${receiver.url}${path}`, token: 'plain-token' }
      const configuration = { taskPushNotificationConfig: config }
      const { id: taskId = '' } = taskOf(await call('sendMessage', send('ask which?', { configuration })))
      await receiver.got(path, 1)
      await call('sendMessage', send('that one', {}, { taskId }))
      const both = await receiver.got(path, 2)
      expect(states(both)).toEqual([INPUT_REQUIRED, COMPLETED])
      expect(both[0]?.headers['x-a2a-notification-token']).toBe('plain-token')
      expect(new Set(both.map(({ headers }) => headers['webhook-id'])).size).toBe(2)

      const deleted = newPath()
      const gone = { taskPushNotificationConfig: { id: 'h', url: `${receiver.url}${deleted}` } }
      const other = taskOf(await call('sendMessage', send('ask which?', { configuration: gone })))
      await receiver.got(deleted, 1)
      await call('deleteTaskPushNotificationConfig', { taskId: other.id ?? '', id: 'h' })
      const last = newPath()
      await call('createTaskPushNotificationConfig', { taskId: other.id ?? '', id: 'l', url: `${receiver.url}${last}` })
      await call('sendMessage', send('that one', {}, { taskId: other.id ?? '' }))
      await receiver.got(last, 1)
      expect(receiver.received.filter((request) => request.path === deleted)).toHaveLength(1)
    })

    it('are told that a task waits while its handler goes on', async () => {
      const path = newPath()
      const gate = path.slice(1)
      const configuration = { taskPushNotificationConfig: { url: `${receiver.url}${path}` } }
      await call('sendMessage', send(`auth-work ${gate}`, { configuration }))
      const [first] = await receiver.got(path, 1)
      const told = JSON.parse(first?.body ?? '{}')
      const status = old ? told.status : told.statusUpdate.status
      expect(status.message.parts[0].text).toBe('Sign in, please')
      if (!old) expect(told.statusUpdate.metadata).toEqual({ at: 'example.com' })
      openGate(gate)
      openGate(`${gate}-end`)
      expect(states(await receiver.got(path, 2))).toEqual([AUTH_REQUIRED, COMPLETED])
    })

    it('that are registered while a turn runs are told its end', async () => {
      const path = newPath()
      const gate = path.slice(1)
      const configuration = { returnImmediately: true }
      const { id: taskId = '' } = taskOf(await call('sendMessage', send(`wait ${gate}`, { configuration })))
      await call('createTaskPushNotificationConfig', { taskId, url: `${receiver.url}${path}` })
      openGate(gate)
      expect(states(await receiver.got(path, 1))).toEqual([COMPLETED])
    })
  })
}
