/**
 * Who may do what: every operation by seven callers on their own task, on somebody else's and on one that never was. What is
 * not the caller's is answered word for word as what is not there.
 */
import { randomUUID } from 'node:crypto'
import type { JsonObject } from '@bufbuild/protobuf'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { agent, apiKeys, inputRequired, jwt } from '../../src/index.js'
import { AUDIENCE, ISSUER, JWKS, nowSeconds, token } from '../support/issuer.js'
import { send, taskOf } from '../support/reading.js'
import type { TestServer } from '../support/servers.js'
import { type Operation, WIRES, type Wire, WireError, type WireName, wireNamed } from '../support/wires.js'

/** Always asks for more, so that its tasks can be continued, followed and canceled. */
export const curious = agent(
  {
    id: 'curious',
    default: true,
    capabilities: { pushNotifications: true },
    extendedCard: ({ principal, tenant }) => ({ description: `for ${principal} of ${tenant}` }),
  },
  (message, { caller }) => inputRequired(`${message.text}, ${caller.principal} of ${caller.tenant}?`),
)

const BOB_KEY = 'a key that is long enough for bob'
const bearer = (claims: object) => ({ authorization: `Bearer ${token(claims as never)}` })

/** Headers of each caller. The names are those of the table in the documentation. */
export const CALLERS = {
  owner: bearer({ sub: 'alice', org: 'acme' }),
  colleague: { 'x-api-key': BOB_KEY },
  namesake: bearer({ sub: 'alice', org: 'other' }),
  admin: bearer({ sub: 'root', org: 'acme', roles: ['admin'] }),
  anonymous: {},
  expired: bearer({ sub: 'alice', org: 'acme', exp: nowSeconds() - 600 }),
  'wrong audience': bearer({ sub: 'alice', org: 'acme', aud: 'https://other.example' }),
} as const satisfies Record<string, Record<string, string>>

export type CallerName = keyof typeof CALLERS

const KNOWN: readonly CallerName[] = ['owner', 'colleague', 'namesake', 'admin']
const REFUSED: readonly CallerName[] = ['anonymous', 'expired', 'wrong audience']

/** Nobody listens there. */
export const webhooks = { allow: ['127.0.0.1'] }

export const authenticate = [
  jwt({ issuer: ISSUER, audience: AUDIENCE, jwks: JWKS, tenant: 'org' }),
  apiKeys({ keys: [{ key: BOB_KEY, principal: 'bob', tenant: 'acme' }] }),
]

/** Each operation as it is asked of a task. Cancel is the last, for nothing comes after it. */
const OPERATIONS: Readonly<Record<Operation, (taskId: string) => JsonObject>> = {
  sendMessage: (taskId) => send('more', {}, { taskId }),
  sendStreamingMessage: (taskId) => send('more', {}, { taskId }),
  getTask: (id) => ({ id }),
  listTasks: () => ({}),
  subscribeToTask: (id) => ({ id }),
  createTaskPushNotificationConfig: (taskId) => ({ taskId, id: 'config', url: 'http://127.0.0.1:9/' }),
  getTaskPushNotificationConfig: (taskId) => ({ taskId, id: 'config' }),
  listTaskPushNotificationConfigs: (taskId) => ({ taskId }),
  deleteTaskPushNotificationConfig: (taskId) => ({ taskId, id: 'config' }),
  getExtendedAgentCard: () => ({}),
  cancelTask: (id) => ({ id }),
}

const STREAMS: ReadonlySet<string> = new Set<Operation>(['sendStreamingMessage', 'subscribeToTask'])

type Outcome = { readonly answer: JsonObject } | { readonly refused: Refusal }

interface Refusal {
  readonly reason: string
  /** Everything the caller is told, its own words taken out. */
  readonly told: string
}

/** @param mine ids that the caller has sent, and so may see again */
async function outcome(
  wire: Wire,
  operation: Operation,
  request: JsonObject,
  caller: CallerName,
  mine: string,
): Promise<Outcome> {
  const stop = new AbortController()
  const options = { headers: CALLERS[caller], signal: stop.signal }
  try {
    if (!STREAMS.has(operation)) return { answer: await wire.call(operation, request, options) }
    const stream = wire.stream(operation, request, options)
    const { value } = await stream.next()
    stop.abort()
    await stream.return().catch(() => {})
    return { answer: (value ?? {}) as JsonObject }
  } catch (error) {
    // The helper wants a card of 1.0; the one of 0.3 has its own test.
    if (operation === 'getExtendedAgentCard' && !(error instanceof WireError)) return { answer: {} }
    if (!(error instanceof WireError)) throw error
    const { code, reason, message, domain, metadata, fields } = error
    const told = JSON.stringify({ code, reason, message, domain, metadata, fields }).replaceAll(mine, 'ID')
    return { refused: { reason, told } }
  }
}

function refusal(result: Outcome): Refusal {
  if ('refused' in result) return result.refused
  throw new Error(`answered: ${JSON.stringify(result.answer)}`)
}

export function authorizationMatrix(title: string, names: readonly WireName[], start: () => Promise<TestServer>): void {
  describe(title, () => {
    let server: TestServer
    let cases = 0

    beforeAll(async () => {
      server = await start()
    })
    afterAll(async () => {
      await server?.stop()
    })

    describe.each(names)('over %s', (name) => {
      const old = WIRES[name].version !== '1.0'
      // There was no such operation before 1.0.
      const operations = (Object.keys(OPERATIONS) as Operation[]).filter((each) => !old || each !== 'listTasks')
      const tasks = {} as Record<CallerName, string>
      let wire: Wire

      beforeAll(async () => {
        wire = wireNamed(name, server.url)
        for (const caller of KNOWN) {
          const answer = await wire.call('sendMessage', send('hello'), { headers: CALLERS[caller] })
          tasks[caller] = taskOf(answer).id
        }
      })

      it('401 is one answer, whoever is refused and whatever was asked for', async () => {
        const told = new Set<string>()
        for (const operation of operations) {
          for (const caller of REFUSED) {
            for (const id of [tasks.owner, tasks.colleague, randomUUID()]) {
              const request = OPERATIONS[operation](id)
              const refused = refusal(await outcome(wire, operation, request, caller, id))
              expect(refused.reason, `${operation} by ${caller}`).toBe('UNAUTHENTICATED')
              told.add(refused.told)
              cases += 1
            }
          }
        }
        expect([...told]).toHaveLength(1)
      })

      it("somebody else's task is as one that never was", async () => {
        const foreign: Record<string, CallerName> = {
          owner: 'colleague',
          colleague: 'owner',
          namesake: 'owner',
          admin: 'owner',
        }
        for (const operation of operations) {
          if (operation === 'listTasks' || operation === 'getExtendedAgentCard') continue
          for (const caller of KNOWN) {
            const theirs = tasks[foreign[caller] ?? 'owner']
            const never = randomUUID()
            // Until 0.3 callers made the ids of new tasks, and so another tenant may have begun a task of any id.
            const begins = name === 'jsonrpc-0.2' && operation.startsWith('send')
            if (begins && caller === 'namesake') continue
            const ofTheirs = refusal(await outcome(wire, operation, OPERATIONS[operation](theirs), caller, theirs))
            expect(ofTheirs.reason, `${operation} by ${caller}`).toMatch(/^TASK_NOT_FOUND$/)
            cases += 1
            if (begins) continue
            const ofNever = refusal(await outcome(wire, operation, OPERATIONS[operation](never), caller, never))
            expect(ofTheirs.told, `${operation} by ${caller}`).toBe(ofNever.told)
            cases += 1
          }
        }
      })

      it('their own tasks are theirs', async () => {
        for (const operation of operations) {
          for (const caller of KNOWN) {
            const result = await outcome(wire, operation, OPERATIONS[operation](tasks[caller]), caller, tasks[caller])
            cases += 1
            if ('refused' in result) throw new Error(`${operation} by ${caller}: ${result.refused.told}`)
            if (operation === 'listTasks') {
              const ids = (result.answer.tasks as { id: string }[]).map(({ id }) => id)
              expect(ids).toContain(tasks[caller])
              for (const other of KNOWN) if (other !== caller) expect(ids).not.toContain(tasks[other])
            }
            if (operation === 'getExtendedAgentCard' && !old) {
              const who = {
                owner: 'alice of acme',
                colleague: 'bob of acme',
                namesake: 'alice of other',
                admin: 'root of acme',
              }
              expect(result.answer.description).toBe(`for ${who[caller as keyof typeof who]}`)
            }
          }
        }
      })
    })

    it(`has every case`, () => {
      expect(cases).toBeGreaterThanOrEqual(names.length * 150)
    })

    it('conversations, lists, pages, cursors and keys of others are nothing', async () => {
      const wire = wireNamed('jsonrpc', server.url)
      const as = (caller: CallerName, more: Record<string, string> = {}) => ({
        headers: { ...CALLERS[caller], ...more },
      })
      const first = taskOf(await wire.call('sendMessage', send('secret'), as('owner')))
      await wire.call('sendMessage', send('second'), as('owner'))

      for (const caller of ['colleague', 'namesake', 'admin'] as const) {
        // Their conversation goes on with nothing of the other in it.
        const theirs = taskOf(await wire.call('sendMessage', send('x', {}, { contextId: first.contextId }), as(caller)))
        expect(JSON.stringify(theirs)).not.toContain('secret')
        const mine = await wire.call('listTasks', { contextId: first.contextId }, as(caller))
        expect((mine.tasks as { id: string }[]).map(({ id }) => id)).toEqual([theirs.id])
        expect(mine.totalSize).toBe(1)

        // A task that is referred to adds nothing.
        const referring = await wire.call('sendMessage', send('y', {}, { referenceTaskIds: [first.id] }), as(caller))
        expect(JSON.stringify(taskOf(referring)).replaceAll(first.id, '')).not.toContain('secret')

        const page = await wire.call('listTasks', { pageSize: 1 }, as('owner'))
        const token = String(page.nextPageToken)
        expect(token).not.toBe('')
        const flipped = `${token.slice(0, -4)}${token.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`
        const told = []
        for (const pageToken of [token, flipped]) {
          const refused = refusal(await outcome(wire, 'listTasks', { pageSize: 1, pageToken }, caller, pageToken))
          expect(refused.reason).toBe('INVALID_PARAMS')
          told.push(refused.told)
        }
        expect(told[0]).toBe(told[1])

        // One key, two callers: two tasks.
        const key = { 'idempotency-key': `key-${randomUUID()}` }
        const request = send('once')
        const a = taskOf(await wire.call('sendMessage', request, as('owner', key)))
        const b = taskOf(await wire.call('sendMessage', request, as(caller, key)))
        expect(taskOf(await wire.call('sendMessage', request, as('owner', key))).id).toBe(a.id)
        expect(b.id).not.toBe(a.id)
        // And the other content that was sent under it is no secret that comes out.
        const other = taskOf(
          await wire.call(
            'sendMessage',
            send('another'),
            as(caller, { 'idempotency-key': `${key['idempotency-key']}x` }),
          ),
        )
        expect(other.id).not.toBe(a.id)
      }
    })

    it('a cursor of somebody else is no key to their task', async () => {
      const wire = wireNamed('rest', server.url)
      const ids: string[] = []
      let taskId = ''
      for await (const event of wire.stream('sendStreamingMessage', send('hello'), {
        headers: CALLERS.owner,
        onId: (id) => ids.push(id),
      })) {
        taskId = String((event.task as JsonObject | undefined)?.id ?? taskId)
      }
      expect(ids.length).toBeGreaterThan(0)
      for (const caller of ['colleague', 'namesake', 'admin'] as const) {
        const told = new Set<string>()
        for (const id of [taskId, randomUUID()]) {
          const stream = wire.stream(
            'subscribeToTask',
            { id },
            { headers: { ...CALLERS[caller], 'last-event-id': ids[0] ?? '' } },
          )
          const error = await stream.next().catch((thrown: unknown) => thrown)
          expect(error).toMatchObject({ reason: 'TASK_NOT_FOUND' })
          told.add(JSON.stringify(error).replaceAll(id, 'ID'))
        }
        expect(told.size).toBe(1)
      }
    })
  })
}
