/** How the client comes back: by the cursor where the server has one, by the Task as it is where not. */
import { afterEach, describe, expect, it } from 'vitest'
import type { StreamResponseJson, TaskStateJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { type ConnectOptions, connect } from '../../src/client/index.js'
import { all, outline, streamedText } from '../support/reading.js'
import { type ScriptedCall, type ScriptedServer, startScriptedServer } from '../support/scripted-server.js'

const CURSOR = 'urn:temporal-a2a:cursor:v1'

let server: ScriptedServer
afterEach(() => server.stop())

async function client(answers: readonly ((call: ScriptedCall) => void)[], options: ConnectOptions = {}) {
  server = await startScriptedServer(answers)
  return connect(server.card, { retry: { initialMs: 1, maxMs: 10 }, ...options })
}

const state = (name: string) => `TASK_STATE_${name}` as TaskStateJson
const task = (name: string, text?: string): StreamResponseJson => ({
  task: {
    id: 't',
    contextId: 'c',
    status: { state: state(name) },
    ...(text === undefined ? {} : { artifacts: [{ artifactId: 'a', parts: [{ text }] }] }),
  },
})
const chunk = (text: string, append = true): StreamResponseJson => ({
  artifactUpdate: { taskId: 't', contextId: 'c', artifact: { artifactId: 'a', parts: [{ text }] }, append },
})
const status = (name: string): StreamResponseJson => ({
  statusUpdate: { taskId: 't', contextId: 'c', status: { state: state(name) } },
})
const placed = (event: StreamResponseJson, cursor: string): StreamResponseJson => {
  const [kind, inner] = Object.entries(event)[0] as [string, object]
  return { [kind]: { ...inner, metadata: { [CURSOR]: cursor, own: 1 } } }
}
const unsupported = (call: ScriptedCall) => call.error(-32004, 'This operation is not supported')

describe('a server with cursors', () => {
  it('is asked for what came after the last event', async () => {
    const bot = await client([
      (call) => {
        call.event(task('WORKING'), '1.1.1')
        call.event(chunk('one ', false), '1.1.2')
        call.event(chunk('two '), '1.1.3')
        setTimeout(() => call.cut(), 20)
      },
      (call) => {
        call.event(chunk('three'), '1.1.4')
        call.end()
      },
      (call) => {
        call.event(status('COMPLETED'), '1.1.5')
        call.end()
      },
    ])
    const run = await bot.stream('count')
    const events = await all(run.events())
    expect(streamedText(events)).toBe('one two three')
    expect(outline(events)).toEqual(['task WORKING', 'artifact', 'artifact', 'artifact', 'status COMPLETED'])
    expect(server.calls.map(({ method, headers }) => [method, headers['last-event-id']])).toEqual([
      ['SendStreamingMessage', undefined],
      ['SubscribeToTask', '1.1.3'],
      ['SubscribeToTask', '1.1.4'],
    ])
    for (const { headers } of server.calls) expect(headers['a2a-extensions']).toBe(CURSOR)
    expect(server.calls[0]?.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/)
    expect(run.cursor).toBe('1.1.5')
    expect((await run.result()).text).toBe('one two three')
  })

  it('may give them in the metadata, where the agent does not see them', async () => {
    const bot = await client([
      (call) => {
        call.event(placed(task('WORKING'), '1.1.1'), 'ignored')
        call.event(placed(chunk('one ', false), '1.1.2'))
        setTimeout(() => call.cut(), 20)
      },
      (call) => {
        call.event(placed(chunk('two'), '1.1.3'))
        call.event(placed(status('COMPLETED'), '1.1.4'))
        call.end()
      },
    ])
    const events = await all((await bot.stream('count')).events())
    expect(server.calls[1]?.headers['last-event-id']).toBe('1.1.2')
    expect(streamedText(events)).toBe('one two')
    expect(events.map((event) => (Object.values(event)[0] as { metadata: object }).metadata)).toEqual(
      events.map(() => ({ own: 1 })),
    )
  })

  it('goes on for a client that has kept nothing but the cursor', async () => {
    const bot = await client([
      (call) => call.result(task('WORKING').task),
      (call) => {
        call.event(chunk('three'), '1.1.4')
        call.event(status('COMPLETED'), '1.1.5')
        call.end()
      },
      (call) => call.result(task('COMPLETED', 'one two three').task),
    ])
    const run = bot.resume('t', { cursor: '1.1.3' })
    expect(outline(await all(run.events()))).toEqual(['artifact', 'status COMPLETED'])
    expect((await run.result()).text).toBe('one two three')
    expect(server.calls.map(({ method }) => method)).toEqual(['GetTask', 'SubscribeToTask', 'GetTask'])
  })

  it.each(['INPUT_REQUIRED', 'AUTH_REQUIRED', 'COMPLETED'])(
    'has nothing to send after the last cursor of a task in %s: the result is the task as it is',
    async (name) => {
      const whole = task(name, 'one two three')
      const bot = await client([
        (call) => {
          if (call.method === 'GetTask') call.result(whole.task)
          else if (call.headers['last-event-id'] === undefined) call.event(whole, '1.1.5')
          else {
            call.raw(': nothing\n\n')
            call.end()
          }
        },
      ])
      const run = bot.resume('t', { cursor: '1.1.5' })
      expect(await run.result()).toMatchObject({ state: state(name), text: 'one two three' })
      expect(run.cursor).toBe('1.1.5')
      if (name !== 'AUTH_REQUIRED') expect(await all(run.events())).toEqual([])
    },
  )

  it('sends what was missed of a task that waits', async () => {
    const bot = await client([
      (call) => call.result(task('INPUT_REQUIRED', 'one two').task),
      (call) => call.event(task('INPUT_REQUIRED', 'one two'), '1.1.5'),
      (call) => {
        call.event(chunk('two'), '1.1.4')
        call.event(status('INPUT_REQUIRED'), '1.1.5')
      },
    ])
    const run = bot.resume('t', { cursor: '1.1.3' })
    expect(outline(await all(run.events()))).toEqual(['artifact', 'status INPUT_REQUIRED'])
    expect(server.calls.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, undefined, '1.1.3'])
    expect(run.needsInput).toBe(true)
  })

  it('that refuses the cursor is asked without it', async () => {
    const bot = await client([
      (call) => {
        call.event(task('WORKING'), '1.1.1')
        setTimeout(() => call.cut(), 20)
      },
      (call) => call.error(-32602, 'Invalid parameters'),
      (call) => {
        call.event(task('COMPLETED', 'all of it'))
        call.end()
      },
    ])
    const events = await all((await bot.stream('count')).events())
    expect(outline(events)).toEqual(['task WORKING', 'artifact', 'status COMPLETED'])
    expect(server.calls.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '1.1.1', undefined])
  })

  it('that has forgotten the cursor begins with the Task: only what is new of it is shown', async () => {
    const bot = await client([
      (call) => {
        call.event(task('WORKING'), '1.1.1')
        call.event(chunk('one ', false), '1.1.2')
        setTimeout(() => call.cut(), 20)
      },
      (call) => {
        call.event(task('WORKING', 'one two '), '1.1.3')
        call.event(chunk('three'), '1.1.4')
        call.event(status('COMPLETED'), '1.1.5')
        call.end()
      },
      (call) => call.result(task('COMPLETED', 'one two three').task),
    ])
    const events = await all((await bot.stream('count')).events())
    expect(outline(events)).toEqual(['task WORKING', 'artifact', 'artifact', 'artifact', 'status COMPLETED'])
    expect(streamedText(events)).toBe('one two three')
  })
})

describe('a server without cursors', () => {
  it('is asked for the task itself at the end, since it may repeat or lose events', async () => {
    const bot = await client([
      (call) => {
        call.event(task('WORKING'))
        call.event(chunk('one ', false))
        setTimeout(() => call.cut(), 20)
      },
      (call) => {
        call.event(task('WORKING', 'one two '))
        // What the snapshot has already.
        call.event(chunk('two '))
        call.event(status('COMPLETED'))
        call.end()
      },
      (call) => call.result(task('COMPLETED', 'one two three').task),
    ])
    const run = await bot.stream('count')
    const events = await all(run.events())
    expect(streamedText(events)).toBe('one two three')
    expect(outline(events).at(-1)).toBe('status COMPLETED')
    expect(run.task).toEqual(task('COMPLETED', 'one two three').task)
  })

  it('refuses a subscription to a task that has ended: the task itself says how', async () => {
    const bot = await client([
      (call) => {
        call.event(task('WORKING'))
        setTimeout(() => call.cut(), 20)
      },
      unsupported,
      (call) => call.result(task('COMPLETED', 'all of it').task),
    ])
    const events = await all((await bot.stream('count')).events())
    expect(outline(events)).toEqual(['task WORKING', 'artifact', 'status COMPLETED'])
    expect(streamedText(events)).toBe('all of it')
  })

  it('replaces an artifact that does not go on as it began', async () => {
    const bot = await client([
      (call) => {
        call.event(task('WORKING', 'first try'))
        setTimeout(() => call.cut(), 20)
      },
      (call) => {
        call.event(task('COMPLETED', 'second try'))
        call.end()
      },
    ])
    const events = await all((await bot.stream('count')).events())
    expect(events[1]?.artifactUpdate?.append).toBeUndefined()
    expect(streamedText(events)).toBe('second try')
  })

  it('may have no streams at all: the task is looked at until it ends', async () => {
    server = await startScriptedServer(
      [
        (call) => call.result(task('WORKING')),
        (call) => call.result(task('WORKING', 'one ').task),
        (call) => call.result(task('COMPLETED', 'one two').task),
        (call) => call.result(task('COMPLETED', 'one two')),
      ],
      { streaming: false },
    )
    const bot = await connect(server.card)
    const run = await bot.stream('count')
    const events = await all(run.events())
    expect(outline(events)).toEqual(['task WORKING', 'artifact', 'artifact', 'status COMPLETED'])
    expect(streamedText(events)).toBe('one two')
    expect(server.calls.map(({ method }) => method)).toEqual(['SendMessage', 'GetTask', 'GetTask'])
    expect(server.calls[0]?.params.configuration).toEqual({ returnImmediately: true })
    await bot.send('count')
    expect(server.calls[3]?.params.configuration).toEqual({ returnImmediately: true })
  })
})

describe('sending again', () => {
  it('is not done when a server may not know the key: the caller decides', async () => {
    const bot = await client([(call) => call.cut()])
    await expect(bot.send('pay')).rejects.toMatchObject({ reason: 'UNAVAILABLE' })
    expect(server.calls).toHaveLength(1)
  })

  it('is done with the same key and message when the card shows that the server knows it', async () => {
    server = await startScriptedServer(
      [
        (call) => call.cut(),
        (call) => {
          call.event(task('COMPLETED', 'paid'))
          call.end()
        },
      ],
      { streaming: true, extensions: [{ uri: CURSOR }] },
    )
    const bot = await connect(server.card, { retry: { initialMs: 1 } })
    expect(await (await bot.send('pay')).text()).toBe('paid')
    const [first, second] = server.calls
    expect(second?.headers['idempotency-key']).toBe(first?.headers['idempotency-key'])
    expect(second?.params).toEqual(first?.params)
  })

  it.each([429, 503])('is done when the server refuses with %i, not before it says so', async (code) => {
    const bot = await client([
      (call) => call.status(code, { 'retry-after': '1' }),
      (call) => {
        call.event(task('COMPLETED', 'done'))
        call.end()
      },
    ])
    expect(await (await bot.send('x')).text()).toBe('done')
    const [first, second] = server.calls
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(990)
  })
})

describe('a reply', () => {
  it('is not taken for answered by the question it answers', async () => {
    const asked: StreamResponseJson = {
      task: {
        id: 't',
        contextId: 'c',
        status: {
          state: state('INPUT_REQUIRED'),
          message: { messageId: 'q', role: 'ROLE_AGENT', parts: [{ text: '?' }] },
        },
      },
    }
    const bot = await client([
      (call) => {
        call.event(asked)
        call.end()
      },
      (call) => {
        call.event(asked)
        call.event(status('WORKING'))
        call.event(chunk('thanks', false))
        call.event(status('COMPLETED'))
        call.end()
      },
    ])
    const run = await bot.send('x')
    expect(run.needsInput).toBe(true)
    await run.reply('y')
    expect(await run.text()).toBe('thanks')
    expect(server.calls[1]?.params.message).toMatchObject({ taskId: 't', contextId: 'c' })
  })
})
