/** What becomes of a message: how long it is waited for, how it is known again, and how its task is canceled. */
import { afterEach, describe, expect, it } from 'vitest'
import { type AgentClient, type ConnectOptions, connect } from '../../src/client/index.js'
import { all, eventually } from '../support/reading.js'
import { state, task } from '../support/scripted-events.js'
import { type ScriptedCall, type ScriptedServer, startScriptedServer } from '../support/scripted-server.js'

type Answer = (call: ScriptedCall) => void

let server: ScriptedServer
afterEach(() => server.stop())

const QUICK = { initialMs: 1, maxMs: 10 }

async function client(answers: readonly Answer[], options: ConnectOptions = {}): Promise<AgentClient> {
  server = await startScriptedServer(answers)
  return connect(server.card, { retry: QUICK, ...options })
}

async function clientWithoutStreams(answers: readonly Answer[]): Promise<AgentClient> {
  server = await startScriptedServer(answers, {})
  return connect(server.card, { retry: QUICK })
}

const methods = () => server.calls.map(({ method }) => method)
describe('an agent that thinks for long', () => {
  it('may be silent before its first event when the message cannot be sent again', async () => {
    const bot = await client(
      [
        (call) => {
          call.raw(': thinking\n\n')
          setTimeout(() => {
            call.event(task('COMPLETED', 'thought'))
            call.end()
          }, 200)
        },
      ],
      { limits: { idleMs: 40 } },
    )
    expect(await (await bot.send('x')).text()).toBe('thought')
    expect(server.calls).toHaveLength(1)
  })

  it('is asked for its task when it has no streams', async () => {
    const bot = await clientWithoutStreams([
      (call) => call.result(task('WORKING')),
      (call) => call.result(task('WORKING').task),
      (call) => call.result(task('COMPLETED', 'thought').task),
    ])
    expect(await (await bot.send('x')).text()).toBe('thought')
    expect(methods()).toEqual(['SendMessage', 'GetTask', 'GetTask'])
    expect(server.calls[0]?.params.configuration).toEqual({ returnImmediately: true })
  })

  it('may also answer when it is done', async () => {
    const bot = await clientWithoutStreams([(call) => call.result(task('COMPLETED', 'thought'))])
    expect(await (await bot.send('x')).text()).toBe('thought')
    expect(methods()).toEqual(['SendMessage'])
  })
})

describe('canceling', () => {
  const begun: Answer = (call) => call.event(task('WORKING'))
  const notCancelable: Answer = (call) => call.error(-32002, 'Task cannot be canceled')

  it('has worked when its answer was lost', async () => {
    const bot = await client([begun, (call) => call.cut(), notCancelable, (call) => call.result(task('CANCELED').task)])
    const run = await bot.stream('x')
    expect((await run.cancel()).status?.state).toBe(state('CANCELED'))
    run.close()
    expect(methods()).toEqual(['SendStreamingMessage', 'CancelTask', 'CancelTask', 'GetTask'])
  })

  it('comes too late for what has ended otherwise', async () => {
    const bot = await client([begun, notCancelable, (call) => call.result(task('COMPLETED').task)])
    const run = await bot.stream('x')
    await expect(run.cancel()).rejects.toMatchObject({ reason: 'TASK_NOT_CANCELABLE' })
    run.close()
  })
})

describe('a deadline', () => {
  it('is one for sending and waiting', async () => {
    let left = 0
    const bot = await client([
      (call) => {
        call.res.on('close', () => {
          left = Date.now()
        })
        setTimeout(() => call.event(task('WORKING')), 800)
      },
    ])
    await expect(bot.send('x', { timeoutMs: 1_000 })).rejects.toMatchObject({ reason: 'DEADLINE_EXCEEDED' })
    await eventually(() => expect(left).toBeGreaterThan(0))
    expect(left - (server.calls[0]?.at ?? 0)).toBeLessThan(1_600)
  })

  it('is that of the client for a message that waits for no task', async () => {
    const bot = await client([() => {}], { timeoutMs: 50 })
    const message = { messageId: 'm', role: 'ROLE_USER' as const, parts: [{ text: 'x' }] }
    await expect(bot.sendMessage({ message, configuration: { returnImmediately: true } })).rejects.toMatchObject({
      reason: 'DEADLINE_EXCEEDED',
    })
  })
})

it.each([
  ['the header', {}, 'of the header'],
  ['the option before the header', { idempotencyKey: 'of the option' }, 'of the option'],
])('every way of sending takes the idempotency key of %s', async (_, option, key) => {
  const bot = await client([
    (call) => {
      call.event(task('COMPLETED'))
      call.end()
    },
  ])
  const options = { headers: { 'Idempotency-Key': 'of the header' } }
  const message = { messageId: 'm', role: 'ROLE_USER' as const, parts: [{ text: 'x' }] }
  await bot.send('x', { ...options, ...option })
  await (await bot.stream('x', { ...options, ...option })).result()
  await all(bot.sendStreamingMessage({ message }, options))
  expect(server.calls.map(({ headers }) => headers['idempotency-key'])).toEqual([key, key, 'of the header'])
})
