import { describe, expect, it } from 'vitest'
import { agent, artifact, complete, type Handler, message } from '../../../src/index.js'
import { outline } from '../../support/reading.js'
import { runOnce } from '../../support/run-turn.js'

const emitting = (...events: object[]) =>
  agent({ id: 'x' }, async (_message, ctx) => {
    for (const event of events) await ctx.emit(event as never)
  })

const status = (state: string, more = {}) => ({ statusUpdate: { status: { state, ...more } } })
const text = (artifactId: string, value: string, more = {}) => ({
  artifactUpdate: { artifact: { artifactId, parts: [{ text: value }] }, ...more },
})

describe('ctx.emit', () => {
  it('publishes events of the protocol, with the ids of the task', async () => {
    const {
      events,
      result,
      text: all,
    } = await runOnce(
      emitting(
        status('TASK_STATE_WORKING', { message: { messageId: 'own', parts: [{ text: 'on it' }] } }),
        text('a', 'one ', { metadata: { chunk: 1 } }),
        text('a', 'two', { append: true, lastChunk: true }),
        status('TASK_STATE_COMPLETED', { message: { parts: [{ text: 'done' }] } }),
      ),
      '',
    )
    expect(outline(events)).toEqual(['status WORKING', 'status WORKING', 'artifact', 'artifact'])
    expect(events[1]?.statusUpdate).toMatchObject({
      taskId: 'task',
      contextId: 'context',
      status: { message: { messageId: 'own', role: 'ROLE_AGENT', taskId: 'task', contextId: 'context' } },
    })
    expect(events[2]?.artifactUpdate).toMatchObject({ metadata: { chunk: 1 } })
    expect(all).toBe('one two')
    expect(result).toMatchObject({
      state: 'TASK_STATE_COMPLETED',
      artifacts: [{ artifactId: 'a', parts: [{ text: 'one two' }] }],
      message: { parts: [{ text: 'done' }] },
    })
  })

  it.each([
    [{}, 'that is neither a statusUpdate nor an artifactUpdate alone'],
    [undefined, 'that is neither a statusUpdate nor an artifactUpdate alone'],
    [{ ...status('TASK_STATE_WORKING'), ...text('a', 'b') }, 'that is neither a statusUpdate nor'],
    [status('TASK_STATE_SUBMITTED'), 'with the state TASK_STATE_SUBMITTED, which an agent cannot set'],
    [status('TASK_STATE_UNSPECIFIED'), 'with the state TASK_STATE_UNSPECIFIED'],
    [status('completed'), 'with the state completed'],
    [{ statusUpdate: {} }, 'with the state undefined'],
    [status('TASK_STATE_WORKING', { message: { parts: [] } }), 'without parts'],
    [text('', 'a'), 'without artifact.artifactId'],
    [{ artifactUpdate: {} }, 'without artifact.artifactId'],
    [{ artifactUpdate: { artifact: { artifactId: 'a', parts: [{ text: 'a', url: 'b' }] } } }, 'whose parts[0] has not'],
    [{ artifactUpdate: { artifact: { artifactId: 'a', parts: [{ kind: 'text' }] } } }, 'whose parts[0] has not'],
    [
      { artifactUpdate: { artifact: { artifactId: 'a', parts: [{ raw: new Uint8Array() }] } } },
      'whose parts[0].raw is no string',
    ],
  ])('refuses %j', async (event, problem) => {
    await expect(runOnce(emitting(event as never), '')).rejects.toMatchObject({
      reason: 'INVALID_AGENT_RESPONSE',
      message: expect.stringContaining(`Agent x emitted an event ${problem}`),
    })
  })

  it('refuses what comes after the end', async () => {
    const late = emitting(status('TASK_STATE_COMPLETED'), text('a', 'b'))
    await expect(runOnce(late, '')).rejects.toThrow('emitted an event after its final result')
  })
})

describe('a result', () => {
  it.each<[string, Handler, string]>([
    ['an artifact without parts', () => artifact({ parts: [] }), 'gave artifact() without parts'],
    ['an artifact with an empty id', () => artifact({ artifactId: '', parts: [{ text: 'a' }] }), 'empty artifactId'],
    [
      'parts of another kind',
      () => complete([{ text: 7 } as never]),
      'gave the state completed whose parts[0].text is no',
    ],
    ['a part of two kinds', () => message([{ text: 'a', url: 'b' }]), 'whose parts[0] has not exactly one of'],
  ])('with %s is refused', async (_, handler, problem) => {
    const definition = agent({ id: 'x', answers: 'either' }, handler)
    await expect(runOnce(definition, '')).rejects.toMatchObject({
      reason: 'INVALID_AGENT_RESPONSE',
      message: expect.stringContaining(problem),
    })
  })
})
