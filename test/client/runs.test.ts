/** A run, with servers that are quiet or careless, and with callers who do two things at once. */
import { afterEach, describe, expect, it } from 'vitest'
import type { StreamResponseJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { type AgentClient, type ConnectOptions, connect } from '../../src/client/index.js'
import { all, eventually, outline, streamedText } from '../support/reading.js'
import { chunk, state, status, statusOf, task } from '../support/scripted-events.js'
import { type ScriptedCall, type ScriptedServer, startScriptedServer } from '../support/scripted-server.js'

type Answer = (call: ScriptedCall) => void

let server: ScriptedServer
afterEach(() => server.stop())

const QUICK = { initialMs: 1, maxMs: 10 }

async function client(answers: readonly Answer[], options: ConnectOptions = {}): Promise<AgentClient> {
  server = await startScriptedServer(answers)
  return connect(server.card, { retry: QUICK, ...options })
}

const methods = () => server.calls.map(({ method }) => method)
describe('a quiet task', () => {
  /** Longer than `giveUpMs` in all. */
  const cuts = 8
  const eachMs = 50
  const giveUpMs = 200

  it.each<[string, Answer]>([
    ['sends heartbeats only', (call) => call.raw(': still here\n\n')],
    ['begins with the Task each time', (call) => call.event(task('WORKING'))],
  ])('is not given up while connections can be made: the server %s', async (_, quiet) => {
    let subscriptions = 0
    const bot = await client(
      [
        (call) => {
          const done = subscriptions >= cuts
          if (call.method === 'GetTask') return call.result(task(done ? 'COMPLETED' : 'WORKING').task)
          if (call.method === 'SubscribeToTask') subscriptions += 1
          if (done) call.event(status('COMPLETED'))
          else if (call.method === 'SubscribeToTask') quiet(call)
          else call.event(task('WORKING'), '1.1.1')
          setTimeout(() => (done ? call.end() : call.cut()), eachMs)
        },
      ],
      { retry: { ...QUICK, giveUpMs } },
    )
    const run = await bot.stream('x')
    expect((await run.result()).state).toBe(state('COMPLETED'))
    expect(subscriptions).toBe(cuts + 1)
  })

  it('is given up when all that its server says is that it cannot', async () => {
    const error = { code: -32603, message: 'not now', data: [{ ...INFO, reason: 'UNAVAILABLE' }] }
    const bot = await client(
      [
        (call) => {
          call.event(task('WORKING'))
          call.end()
        },
        (call) => {
          call.raw(`data: ${JSON.stringify({ jsonrpc: '2.0', error })}\n\n`)
          call.end()
        },
      ],
      { retry: { ...QUICK, giveUpMs } },
    )
    const run = await bot.stream('x')
    await expect(run.result()).rejects.toMatchObject({ reason: 'UNAVAILABLE', message: 'not now' })
  })
})

const INFO = { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', domain: 'a2a-protocol.org' }

describe('a reply', () => {
  it('gives its stream to the loop that waits', async () => {
    const bot = await client([
      (call) => call.event(task('WORKING')),
      (call) => {
        call.event(task('WORKING', 'heard'))
        call.event(status('COMPLETED'))
        call.end()
      },
    ])
    const run = await bot.stream('x')
    const events: StreamResponseJson[] = []
    const reading = (async () => {
      for await (const event of run.events()) events.push(event)
    })()
    await eventually(() => expect(events).toHaveLength(1))
    await run.reply('more')
    await reading
    expect(outline(events)).toEqual(['task WORKING', 'artifact', 'status COMPLETED'])
    expect(methods()).toEqual(['SendStreamingMessage', 'SendStreamingMessage'])
  })

  it.each([
    ['after work', [task('WORKING'), status('INPUT_REQUIRED')]],
    ['at once', [task('INPUT_REQUIRED'), status('INPUT_REQUIRED')]],
  ])('is answered by the same question %s, on a server without times', async (_, events) => {
    const bot = await client([
      (call) => {
        call.event(task('INPUT_REQUIRED'))
        call.end()
      },
      (call) => {
        for (const event of events) call.event(event)
        call.end()
      },
    ])
    const run = await bot.send('x')
    await run.reply('not an answer')
    expect((await run.result()).state).toBe(state('INPUT_REQUIRED'))
    expect(server.calls).toHaveLength(2)
  })
})

const notFound: Answer = (call) => call.error(-32001, 'Task not found')

describe('a stream that begins with an update', () => {
  it('is a task: the Task is asked for', async () => {
    const bot = await client([
      (call) => {
        call.event(status('WORKING'))
        call.event(chunk('one ', false))
        setTimeout(() => call.cut(), 20)
      },
      (call) => call.result(task('WORKING').task),
      (call) => {
        call.event(status('COMPLETED'))
        call.end()
      },
      (call) => call.result(task('COMPLETED', 'one two').task),
    ])
    const run = await bot.stream('x')
    expect([run.taskId, run.contextId]).toEqual(['t', 'c'])
    const events = await all(run.events())
    expect(outline(events)[0]).toBe('task WORKING')
    expect(outline(events).at(-1)).toBe('status COMPLETED')
    expect(streamedText(events)).toBe('one two')
    expect(methods().slice(0, 3)).toEqual(['SendStreamingMessage', 'GetTask', 'SubscribeToTask'])
  })

  it('is over when the Task has ended already', async () => {
    const bot = await client([
      (call) => {
        call.event(status('WORKING'))
        call.event(status('COMPLETED'))
        call.end()
      },
      (call) => call.result(task('COMPLETED', 'done').task),
    ])
    expect(outline(await all((await bot.stream('x')).events()))).toEqual(['task COMPLETED'])
  })

  it('can be canceled', async () => {
    const bot = await client([(call) => call.event(chunk('one')), (call) => call.result(task('CANCELED').task)])
    const run = await bot.stream('x')
    expect((await run.cancel()).status?.state).toBe(state('CANCELED'))
    expect(server.calls[1]?.params).toEqual({ id: 't' })
    run.close()
  })

  it('is read to its end where the task cannot be had', async () => {
    const bot = await client([
      (call) => {
        call.event(status('WORKING'))
        call.event(chunk('answer', false))
        call.event(status('COMPLETED'))
        call.end()
      },
      notFound,
    ])
    const run = await bot.send('x')
    expect(await run.text()).toBe('answer')
    expect(run.task?.id).toBe('t')
    expect(methods()).toEqual(['SendStreamingMessage', 'GetTask'])
  })

  it('is left alone when its subscription shows no Task and there is none', async () => {
    let closed = false
    const bot = await client([
      (call) => {
        call.event(task('WORKING'))
        setTimeout(() => call.cut(), 20)
      },
      (call) => {
        call.res.on('close', () => {
          closed = true
        })
        call.event(status('WORKING'))
      },
      notFound,
    ])
    const run = await bot.stream('x')
    await expect(run.result()).rejects.toMatchObject({ reason: 'TASK_NOT_FOUND' })
    await eventually(() => expect(closed).toBe(true))
  })
})

it('a message has more than one reader', async () => {
  const message = { messageId: 'm', role: 'ROLE_AGENT', parts: [{ text: 'hi' }] } as const
  const bot = await client([
    (call) => {
      call.event({ message: { ...message, parts: [...message.parts] } })
      call.end()
    },
  ])
  const run = await bot.stream('x')
  const texts: string[] = []
  for await (const _ of run.events()) {
    texts.push(await run.text())
    for await (const text of run.textStream()) texts.push(text)
  }
  expect(texts).toEqual(['hi', 'hi'])
  expect(server.calls).toHaveLength(1)
})

it('a task without an id is not asked for', async () => {
  const bot = await client([(call) => call.error(-32603, 'asked')])
  await expect(bot.resume('').result()).rejects.toMatchObject({ reason: 'INVALID_PARAMS' })
  expect(server.calls).toHaveLength(0)
})

describe('a task that waits for a credential', () => {
  const asked: Answer = (call) =>
    call.event({ task: { ...task('x').task, status: statusOf('AUTH_REQUIRED', 'Log in') } })

  it('is settled for who sends and waits; a loop goes on when it has it', async () => {
    const bot = await client([
      asked,
      (call) => {
        call.event(task('COMPLETED', 'paid'))
        call.end()
      },
    ])
    const run = await bot.send('x')
    expect(run.needsAuth).toBe(true)
    expect(await run.text()).toBe('Log in')
    expect(outline(await all(run.events()))).toEqual(['task AUTH_REQUIRED', 'artifact', 'status COMPLETED'])
    expect(await run.text()).toBe('paid')
  })

  it('has a result that says so', async () => {
    const bot = await client([asked])
    expect((await bot.resume('t').result()).state).toBe(state('AUTH_REQUIRED'))
  })
})
