import { setTimeout as delay } from 'node:timers/promises'
import { type AgentCard, Role, TaskState } from '@a2a-js/sdk'
import { AgentEvent, type AgentExecutor, type ExecutionEventBus, type RequestContext } from '@a2a-js/sdk/server'
import { describe, expect, it } from 'vitest'
import { fromExecutor } from '../../../src/compat/index.js'
import { TurnStopped } from '../../../src/index.js'
import { outline } from '../../support/reading.js'
import { runOnce } from '../../support/run-turn.js'

type Execute = (context: RequestContext, bus: ExecutionEventBus) => Promise<void>

const running = (execute: Execute, options = {}, cancelTask: AgentExecutor['cancelTask'] = async () => {}) =>
  fromExecutor({ execute, cancelTask }, { id: 'x', ...options })

const part = (value: string) => ({
  content: { $case: 'text' as const, value },
  metadata: undefined,
  filename: '',
  mediaType: '',
})
const message = (value: string) => ({
  messageId: `of ${value}`,
  contextId: '',
  taskId: '',
  role: Role.ROLE_AGENT,
  parts: [part(value)],
  metadata: undefined,
  extensions: [],
  referenceTaskIds: [],
})
const status = (state: TaskState, value?: string) =>
  AgentEvent.statusUpdate({
    taskId: '',
    contextId: '',
    status: { state, message: value === undefined ? undefined : message(value), timestamp: undefined },
    metadata: undefined,
  })
const artifact = (value: string) => ({
  artifactId: 'a',
  name: '',
  description: '',
  parts: [part(value)],
  metadata: undefined,
  extensions: [],
})
const task = (state: TaskState, artifacts = [] as ReturnType<typeof artifact>[]) =>
  AgentEvent.task({
    id: 'task',
    contextId: 'context',
    status: { state, message: undefined, timestamp: undefined },
    artifacts,
    history: [],
    metadata: undefined,
  })

describe('an executor', () => {
  it('is told all of a request', async () => {
    let seen: RequestContext | undefined
    const curious = running(async (context) => {
      seen = context
    })
    await runOnce(curious, 'hi', { metadata: { skill: 'whatever' } })
    expect(seen).toMatchObject({
      taskId: 'task',
      contextId: 'context',
      task: undefined,
      userMessage: { role: Role.ROLE_USER, parts: [part('hi')], metadata: { skill: 'whatever' } },
      request: { configuration: { returnImmediately: false } },
      context: { requestedVersion: '1.0', user: { isAuthenticated: false } },
    })
    const history = [{ messageId: '1', role: 'ROLE_USER' as const, parts: [{ text: 'before' }] }]
    await runOnce(curious, 'again', { history })
    expect(seen?.task?.history.map(({ parts }) => parts)).toEqual([[part('before')], [part('again')]])
  })

  it('says in a whole task what is new in it, and nothing twice', async () => {
    const whole = running(async (_context, bus) => {
      bus.publish(task(TaskState.TASK_STATE_SUBMITTED))
      bus.publish(task(TaskState.TASK_STATE_WORKING, [artifact('one')]))
      bus.publish(task(TaskState.TASK_STATE_WORKING, [artifact('one')]))
      bus.publish(task(TaskState.TASK_STATE_COMPLETED, [artifact('two')]))
    })
    const { events, result, text } = await runOnce(whole, '')
    expect(outline(events)).toEqual(['status WORKING', 'status WORKING', 'artifact', 'artifact'])
    expect([result.state, text]).toEqual(['TASK_STATE_COMPLETED', 'two'])
  })

  it('is heard until the state that ends its turn', async () => {
    const talking = running(async (_context, bus) => {
      bus.publish(task(TaskState.TASK_STATE_WORKING))
      bus.publish(status(TaskState.TASK_STATE_COMPLETED, 'done'))
      bus.publish(status(TaskState.TASK_STATE_FAILED, 'or not'))
      throw new Error('too late to matter')
    })
    const { result } = await runOnce(talking, '')
    expect(result).toMatchObject({ state: 'TASK_STATE_COMPLETED', message: { messageId: 'of done' } })
  })

  it('may go on in the background once it has finished', async () => {
    let ended = false
    const finishing = running(async (_context, bus) => {
      bus.publish(task(TaskState.TASK_STATE_WORKING))
      bus.finished()
      bus.publish(status(TaskState.TASK_STATE_FAILED))
      await delay(30)
      ended = true
    })
    expect((await runOnce(finishing, '')).result.state).toBe('TASK_STATE_COMPLETED')
    expect(ended).toBe(false)
  })

  it('ends with a message what it began as a task', async () => {
    const changing = running(async (_context, bus) => {
      bus.publish(task(TaskState.TASK_STATE_WORKING))
      bus.publish(AgentEvent.message(message('done')))
    })
    const { result } = await runOnce(changing, '')
    expect(result).toMatchObject({ state: 'TASK_STATE_COMPLETED', message: { parts: [{ text: 'done' }] } })
    expect(result.answer).toBeUndefined()
  })

  it('fails the attempt with what it throws, after what it has said', async () => {
    const broken = (sync: boolean) =>
      running((_context, bus) => {
        bus.publish(task(TaskState.TASK_STATE_WORKING, [artifact('so far')]))
        if (sync) throw new Error('broken')
        return Promise.reject(new Error('broken'))
      })
    await expect(runOnce(broken(true), '')).rejects.toThrow('broken')
    await expect(runOnce(broken(false), '')).rejects.toThrow('broken')
  })

  it('is told to stop, once, whatever stops the turn', async () => {
    const stop = new AbortController()
    const told: string[] = []
    const waiting = running(
      async (_context, bus) => {
        bus.publish(task(TaskState.TASK_STATE_WORKING))
        setTimeout(() => stop.abort(new TurnStopped('canceled')), 5)
        while (told.length === 0) await delay(5)
      },
      {},
      async (taskId, bus) => {
        told.push(taskId)
        bus.publish(status(TaskState.TASK_STATE_CANCELED))
      },
    )
    await expect(runOnce(waiting, '', { signal: stop.signal })).rejects.toMatchObject({ reason: 'canceled' })
    expect(told).toEqual(['task'])
  })

  it('is refused what the protocol has no place for', async () => {
    const wrong = running(async (_context, bus) => {
      bus.publish(AgentEvent.artifactUpdate({ artifact: { ...artifact('x'), parts: [] } } as never))
    })
    await expect(runOnce(wrong, '')).rejects.toMatchObject({
      reason: 'INVALID_AGENT_RESPONSE',
      message: 'Agent x emitted an event without parts',
    })
  })

  it('cannot fill the memory with events that nobody has seen', async () => {
    let thrown: unknown
    const flooding = running(async (_context, bus) => {
      try {
        for (let i = 0; i < 200_000; i += 1) bus.publish(status(TaskState.TASK_STATE_WORKING))
      } catch (error) {
        thrown = error
      }
    })
    await runOnce(flooding, '')
    expect(thrown).toBeInstanceOf(RangeError)
  })

  it('listens to its own bus', async () => {
    const heard: string[] = []
    const listening = running(async (_context, bus) => {
      const removed = () => heard.push('removed')
      bus.on('event', ({ kind }) => heard.push(kind)).on('event', removed)
      bus.once('event', () => heard.push('once'))
      bus.on('finished', () => heard.push('finished'))
      bus.off('event', removed)
      bus.publish(task(TaskState.TASK_STATE_WORKING))
      bus.publish(status(TaskState.TASK_STATE_COMPLETED))
      bus.finished()
      bus.removeAllListeners()
    })
    await runOnce(listening, '')
    expect(heard).toEqual(['task', 'once', 'statusUpdate', 'finished'])
  })

  it('is described by the card its server had', () => {
    const card = {
      name: 'Movies',
      description: 'Knows films',
      version: '2.0.0',
      provider: { organization: 'o', url: 'https://o.example' },
      capabilities: {
        streaming: true,
        extensions: [{ uri: 'urn:x', description: '', required: false, params: undefined }],
      },
      defaultInputModes: ['text', 'image/png'],
      defaultOutputModes: ['text/plain'],
      skills: [{ id: 's', name: 'S', description: 'd', tags: ['t'], examples: ['e'], inputModes: [], outputModes: [] }],
    } as unknown as AgentCard
    expect(running(async () => {}, { card, version: '3.0.0' })).toMatchObject({
      id: 'x',
      name: 'Movies',
      description: 'Knows films',
      version: '3.0.0',
      answers: 'either',
      streaming: true,
      inputModes: ['text/plain', 'image/png'],
      provider: { organization: 'o', url: 'https://o.example' },
      extensions: [{ uri: 'urn:x' }],
      skills: [{ id: 's', name: 'S', description: 'd', tags: ['t'], examples: ['e'] }],
      skillIds: [],
    })
  })
})
