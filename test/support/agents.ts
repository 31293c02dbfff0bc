/** Agents that do what a message says, so that a test can ask for any behaviour over any wire. */
import { setTimeout as delay } from 'node:timers/promises'
import type { MessageJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import {
  type AgentDefinition,
  agent,
  artifact,
  authRequired,
  complete,
  data,
  fail,
  file,
  type Handler,
  inputRequired,
  message,
  reject,
  status,
} from '../../src/index.js'

/** What happened inside handlers, by the word that a message ends with. */
export const seen = {
  aborted: new Map<string, string>(),
  attempts: new Map<string, number>(),
  waiting: new Set<string>(),
}

const gates = new Map<string, () => void>()
const opened = new Set<string>()

/** Lets a handler that waits at this gate go on. */
export function openGate(name: string): void {
  opened.add(name)
  gates.get(name)?.()
}

/** Resolves when the gate is opened; rejects when the handler has to stop. */
export function gate(name: string, signal: AbortSignal): Promise<void> {
  if (opened.has(name)) return Promise.resolve()
  return new Promise((resolve, reject) => {
    gates.set(name, resolve)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

export const scripted: AgentDefinition = agent(
  {
    id: 'scripted',
    default: true,
    inputModes: ['text/plain', 'application/json', 'image/*'],
    extensions: [{ uri: 'urn:test:optional', description: 'optional' }],
    retry: { maxAttempts: 2, initialIntervalMs: 20 },
  },
  async function* (message, ctx) {
    if (ctx.turn > 1 && message.text !== 'log') {
      const asked = ctx.history.map(({ role }) => (role === 'ROLE_USER' ? 'U' : 'A')).join('')
      yield `turn ${ctx.turn} after ${asked}: ${message.text}`
      return
    }
    const [command = '', ...words] = message.text.split(' ')
    const rest = words.join(' ')
    switch (command) {
      case 'echo':
        yield `Echo: ${rest}`
        return
      case 'chunks':
        for (const word of words) yield word
        return
      case 'slow':
        for (const word of words) {
          await delay(40, undefined, { signal: ctx.signal })
          yield word
        }
        return
      case 'count':
        for (let i = 0; i < Number(rest); i += 1) yield `${i} `
        return
      case 'ask':
        return inputRequired(rest)
      case 'auth':
        return authRequired(rest)
      case 'auth-open':
        yield authRequired('Sign in, please')
        await gate(rest, ctx.signal)
        yield 'signed in'
        return
      case 'auth-work':
        yield authRequired('Sign in, please', { metadata: { at: 'example.com' } })
        await gate(rest, ctx.signal)
        yield 'signed in'
        await gate(`${rest}-end`, ctx.signal)
        return
      case 'wait':
        yield 'waiting'
        try {
          await gate(rest, ctx.signal)
        } catch (error) {
          seen.aborted.set(rest, (error as { reason?: string }).reason ?? String(error))
          throw error
        }
        yield ' no more'
        return
      case 'halves': {
        const [name = '', count] = words
        for (let i = 0; i < Number(count); i += 1) yield `${i} `
        yield artifact({ artifactId: 'log', parts: [{ text: 'half' }] })
        await gate(name, ctx.signal)
        yield status('second half')
        for (let i = 0; i < Number(count); i += 1) yield `${i} `
        return
      }
      case 'deaf':
        yield 'not listening'
        await delay(60_000, undefined, { ref: false })
        return
      case 'status':
        yield status('thinking', { metadata: { step: 1 } })
        yield 'done'
        return
      case 'artifacts':
        yield artifact({ artifactId: 'log', name: 'log', parts: [{ text: 'one ' }], lastChunk: false })
        yield artifact({ artifactId: 'log', parts: [{ text: 'two' }], append: true, lastChunk: true })
        yield file('a.bin', new Uint8Array([0, 1, 254, 255]), 'application/octet-stream')
        yield file('b.txt', 'https://example.com/b.txt', 'text/plain')
        yield data({ list: [1, 'two', null, { deep: true }] }, { name: 'facts' })
        return complete('all there', { metadata: { count: 4 } })
      case 'paragraphs':
        yield artifact({ artifactId: 'page', parts: [{ text: 'Title' }, { text: 'Body' }], lastChunk: false })
        yield artifact({ artifactId: 'page', parts: [{ text: ' and more' }, { text: 'End' }], append: true })
        yield artifact({ artifactId: 'end', parts: [{ text: 'A' }, { text: 'B' }, { text: 'C' }] })
        return
      case 'mirror':
        yield data({
          message: message.raw as never,
          metadata: ctx.metadata,
          modes: [...ctx.acceptedOutputModes],
          extensions: [...ctx.extensions],
        })
        return
      case 'reject':
        return reject(rest)
      case 'fail':
        return fail(rest)
      case 'throw':
        seen.attempts.set(rest, ctx.attempt)
        yield `attempt ${ctx.attempt}`
        throw new Error(`secret ${rest}`)
      case 'throw-once':
        yield `attempt ${ctx.attempt}`
        if (ctx.attempt === 1) throw new Error('once')
        return
      case 'forget':
        yield `attempt ${ctx.attempt}`
        if (ctx.attempt > 1) return
        yield artifact({ artifactId: 'log', name: 'log', parts: [{ text: 'of the first attempt' }] })
        throw new Error('once')
      case 'log': {
        const chunk = (text: string) => artifact({ artifactId: 'log', append: true, parts: [{ text }] })
        if (ctx.turn === 1) {
          yield chunk('one ')
          return inputRequired('more?')
        }
        yield chunk('two ')
        if (ctx.attempt === 1) throw new Error('once')
        yield chunk('three')
        return
      }
      case 'go-on':
        if (ctx.resume === undefined) {
          yield 'one '
          yield 'two '
          yield artifact({ artifactId: 'log', parts: [{ text: 'kept' }] })
          throw new Error('once')
        }
        yield ctx.resume.text
        for (const { artifactId, parts = [] } of ctx.resume.artifacts) {
          if (artifactId === 'log') yield artifact({ artifactId, parts })
        }
        yield 'three'
        return
      case 'quiet':
        seen.waiting.add(rest)
        await gate(rest, ctx.signal)
        return
      case 'bad':
        yield { not: 'a result' } as never
        return
      case 'nothing':
        return
      default:
        yield `You said: ${message.text}`
    }
  },
)

/** Fails at once and is tried again much later. */
export const stubborn = agent(
  { id: 'stubborn', retry: { maxAttempts: 5, initialIntervalMs: 60_000, maxIntervalMs: 60_000 } },
  async function* (_, ctx) {
    yield `attempt ${ctx.attempt}`
    throw new Error('not yet')
  },
)

export const answering = agent({ id: 'answering', answers: 'message' }, (incoming) => `Answer: ${incoming.text}`)

export const direct = agent({ id: 'direct', run: 'direct' }, (incoming) => {
  if (incoming.text === 'throw') throw new Error('secret')
  return `Direct: ${incoming.text}`
})

/** `task …` or `message …`, first waiting at a gate with `wait <gate>`; a task waits after it has begun. */
export const either = agent({ id: 'either', answers: 'either' }, async function* (incoming, ctx) {
  const [kind, command, name = ''] = incoming.text.split(' ')
  const wait = async () => {
    if (command !== 'wait') return
    seen.waiting.add(name)
    await gate(name, ctx.signal)
  }
  if (kind === 'message' || kind === 'hi') {
    await wait()
    yield message(`Message: ${incoming.text}`)
    return
  }
  await delay(20)
  if (command === 'ask') return inputRequired('Which?')
  yield `Task: ${incoming.text}`
  await wait()
  yield '.'
})

export const inline = agent({ id: 'inline', run: 'inline' }, (incoming, ctx) => {
  if (ctx.turn === 1 && incoming.text.startsWith('ask')) return inputRequired('Which?')
  return `Inline ${ctx.turn}: ${incoming.text}`
})

export const silent = agent({ id: 'silent', capabilities: { streaming: false } }, (incoming) => incoming.text)

export const demanding = agent(
  { id: 'demanding', extensions: [{ uri: 'urn:test:required', required: true }] },
  (incoming, ctx) => `${incoming.text} with ${ctx.extensions.join()}`,
)

const tell =
  (handler: string): Handler =>
  (incoming, ctx) =>
    incoming.text === 'ask' ? inputRequired('Which?') : `${handler} for ${ctx.skill ?? 'no skill'}: ${incoming.text}`

export const skilled = agent(
  {
    id: 'skilled',
    skills: { routed: { tags: ['one'], handler: tell('own') }, listed: {} },
    idleTimeoutMs: 400,
    retry: { maxAttempts: 2, initialIntervalMs: 20 },
    use: [
      async (incoming, ctx, next) => {
        if (incoming.text === 'forbidden') return reject('not with this agent')
        if (incoming.text !== 'stuck') return next()
        seen.attempts.set(`stuck ${incoming.messageId}`, ctx.attempt)
        await delay(60_000, undefined, { signal: ctx.signal })
        return next()
      },
    ],
  },
  tell('default'),
)

/** Asks on, and says what it can see of the conversation. */
export const recalling = agent({ id: 'recalling', history: 4, skills: { plain: {}, brief: {} } }, (_, ctx) => {
  const said = (messages: readonly MessageJson[] = []) =>
    messages.flatMap(({ role, parts = [] }) => (role === 'ROLE_USER' ? parts.map(({ text }) => text) : [])).join(', ')
  return inputRequired(`${ctx.skill} ${ctx.turn}: ${said(ctx.history)}; in all ${said(ctx.task.history)}`)
})

export const agents = [scripted, stubborn, answering, direct, either, inline, silent, demanding, skilled, recalling]
