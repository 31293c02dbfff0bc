/** Servers of gRPC that break off, say too much, or say nothing more: what a run makes of it. */
import http2, { type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { fromJson, toBinary } from '@bufbuild/protobuf'
import { afterEach, describe, expect, it } from 'vitest'
import { type StreamResponseJson, StreamResponseSchema } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { type AgentClient, type ConnectOptions, connect } from '../../src/client/index.js'

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

type Answer = (stream: ServerHttp2Stream) => void

/** @param answers to each call, in order; the last one answers all that follow */
async function open(answers: readonly Answer[], options: ConnectOptions = {}) {
  const calls: { path: string; authorization: string | undefined }[] = []
  const server = http2.createServer()
  const sessions = new Set<http2.ServerHttp2Session>()
  server.on('session', (session) => sessions.add(session))
  server.on('sessionError', () => {})
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {})
    calls.push({ path: String(headers[':path']), authorization: headers.authorization })
    answers[Math.min(calls.length, answers.length) - 1]?.(stream)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const bot: AgentClient = await connect(
    {
      name: 'x',
      capabilities: { streaming: true },
      supportedInterfaces: [{ url, protocolBinding: 'GRPC', protocolVersion: '1.0' }],
    },
    { retry: { initialMs: 1, maxMs: 10, giveUpMs: 5_000 }, ...options },
  )
  stops.push(async () => {
    bot.close()
    for (const session of sessions) session.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return { bot, calls, url }
}

function frame(event: StreamResponseJson): Buffer {
  const data = toBinary(StreamResponseSchema, fromJson(StreamResponseSchema, event as never))
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(data.length, 1)
  return Buffer.concat([prefix, data])
}

const task = (state: 'TASK_STATE_WORKING' | 'TASK_STATE_COMPLETED'): StreamResponseJson => ({
  task: { id: 't', contextId: 'c', status: { state } },
})

const begin: Answer = (stream) => {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc+proto' })
  stream.write(frame(task('TASK_STATE_WORKING')))
}

const complete: Answer = (stream) => {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc+proto' }, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
  stream.end(frame(task('TASK_STATE_COMPLETED')))
}

describe('a stream goes on over another', () => {
  it.each<[string, Answer]>([
    ['after it has ended without trailers', (stream) => stream.end()],
    ['after it has ended in the middle of an event', (stream) => stream.end(Buffer.from([0, 0, 0, 0, 50, 1, 2]))],
    ['after it has ended in the middle of a length', (stream) => stream.end(Buffer.from([0, 0]))],
    ['after a reset for an internal error', (stream) => stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR)],
    ['after a reset for too many calls', (stream) => stream.close(http2.constants.NGHTTP2_ENHANCE_YOUR_CALM)],
    ['after its connection was closed', (stream) => stream.session?.destroy()],
    ['when nothing has come for idleMs', () => {}],
  ])('%s', async (_, end) => {
    let first: ServerHttp2Stream | undefined
    const answer: Answer = (stream) => {
      first = stream
      begin(stream)
    }
    const { bot, calls } = await open([answer, complete], { limits: { idleMs: 200 } })
    const run = await bot.stream('x')
    if (first !== undefined) end(first)
    expect((await run.result()).state).toBe('TASK_STATE_COMPLETED')
    expect(calls.map(({ path }) => path.split('/').at(-1))).toEqual(['SendStreamingMessage', 'SubscribeToTask'])
  })

  it('after a reset in place of an answer', async () => {
    const { bot, calls } = await open([(stream) => stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR), complete])
    expect((await bot.resume('t').result()).state).toBe('TASK_STATE_COMPLETED')
    expect(calls).toHaveLength(2)
  })

  it('when nobody answers the call that opens it', async () => {
    const { bot, calls } = await open([() => {}, complete], { limits: { idleMs: 100 } })
    expect((await bot.resume('t').result()).state).toBe('TASK_STATE_COMPLETED')
    expect(calls).toHaveLength(2)
  })
})

it('an agent may think about its first event for longer than idleMs', async () => {
  const think: Answer = (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc+proto' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    setTimeout(() => stream.end(frame(task('TASK_STATE_COMPLETED'))), 150)
  }
  const { bot, calls } = await open([think], { limits: { idleMs: 30 } })
  expect((await bot.send('x')).state).toBe('TASK_STATE_COMPLETED')
  expect(calls).toHaveLength(1)
})

describe('what comes', () => {
  it('and is no event ends the stream, as an error of the agent', async () => {
    const { bot } = await open([(stream) => [begin(stream), stream.end(Buffer.from([0, 0, 0, 0, 2, 0x0a, 0x7f]))]])
    const run = await bot.stream('x')
    await expect(run.result()).rejects.toMatchObject({ reason: 'INVALID_AGENT_RESPONSE' })
  })

  it('is bounded', async () => {
    const { bot } = await open([complete], { limits: { eventBytes: 4, answerBytes: 2 } })
    await expect(bot.stream('x')).rejects.toMatchObject({
      reason: 'PAYLOAD_TOO_LARGE',
      message: 'An event is larger than 4 bytes (limits.eventBytes)',
    })
    await expect(bot.getTask({ id: 't' })).rejects.toMatchObject({
      reason: 'PAYLOAD_TOO_LARGE',
      message: 'The answer is larger than 2 bytes (limits.answerBytes)',
    })
  })

  it.each([
    [401, 'UNAUTHENTICATED'],
    [403, 'PERMISSION_DENIED'],
    [429, 'RATE_LIMITED'],
    [503, 'UNAVAILABLE'],
  ])('with status %i of a proxy is %s', async (status, reason) => {
    const refuse: Answer = (stream) => {
      stream.respond({ ':status': status, 'content-type': 'text/html', 'retry-after': '7' })
      stream.end('<html></html>')
    }
    const { bot } = await open([refuse], { retry: { giveUpMs: 0 } })
    const error = { reason, message: `HTTP status ${status}`, retryAfterMs: 7_000 }
    await expect(bot.getTask({ id: 't' })).rejects.toMatchObject(error)
    await expect(bot.stream('x')).rejects.toMatchObject(error)
  })
})

describe('an auth provider', () => {
  const refuse: Answer = (stream) => {
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc+proto', 'grpc-status': '16' },
      { endStream: true },
    )
  }

  it('that is never done is left at the deadline', async () => {
    const never = () => new Promise<never>(() => {})
    const { bot } = await open([refuse], { auth: { credentials: never } })
    for (const call of [bot.getTask({ id: 't' }, { timeoutMs: 50 }), bot.stream('x', { timeoutMs: 50 })]) {
      await expect(call).rejects.toMatchObject({ reason: 'DEADLINE_EXCEEDED' })
    }
    const stuck = await open([refuse], { auth: { credentials: () => ({}), refresh: never } })
    for (const call of [stuck.bot.getTask({ id: 't' }, { timeoutMs: 50 }), stuck.bot.stream('x', { timeoutMs: 50 })]) {
      await expect(call).rejects.toMatchObject({ reason: 'DEADLINE_EXCEEDED' })
    }
  })

  it('is told what was refused, and asked once more', async () => {
    let token = 'old'
    const refused: unknown[] = []
    const { bot, calls, url } = await open([refuse, complete, refuse], {
      auth: {
        credentials: () => ({ headers: { Authorization: token } }),
        refresh(request) {
          refused.push([request.url, request.credentials])
          token = 'new'
          return true
        },
      },
    })
    expect((await bot.send('x')).state).toBe('TASK_STATE_COMPLETED')
    expect(calls.map(({ authorization }) => authorization)).toEqual(['old', 'new'])
    expect(refused).toEqual([
      [`http://${url}/lf.a2a.v1.A2AService/SendStreamingMessage`, { headers: { Authorization: 'old' } }],
    ])
    await expect(bot.getTask({ id: 't' })).rejects.toMatchObject({ reason: 'UNAUTHENTICATED' })
    expect(calls).toHaveLength(4)
  })
})
