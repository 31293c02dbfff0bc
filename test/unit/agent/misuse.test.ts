/** What an author may get wrong: each time an error that names the agent, the place and the remedy. */
import { describe, expect, it, vi } from 'vitest'
import { agentDirectory } from '../../../src/agent/agent-definition.js'
import {
  Agent,
  type AgentContext,
  AgentDefinitionError,
  agent,
  complete,
  data,
  messageHandler,
  type Result,
  type RetryPolicy,
} from '../../../src/index.js'
import { test } from '../../../src/testing/index.js'
import { runOnce } from '../../support/run-turn.js'

const say = () => 'hi'

class Plain extends Agent {
  static override readonly handlers = { handle: messageHandler() }
  readonly id = 'plain'
  handle = say
}

class Uncalled extends Agent {
  static override readonly handlers = { handle: messageHandler as never }
  readonly id = 'uncalled'
  handle = say
}

describe('a definition that cannot work is refused at once', () => {
  it.each<readonly [string, () => unknown, string]>([
    ['an id that is no id', () => agent({ id: 'My Agent' }, say), 'agent "My Agent": id must be 1 to 64'],
    ['a handler that is none', () => agent({ id: 'x' }, 'hi' as never), 'agent "x": the handler must be a function'],
    [
      'two agents of one id',
      () => agentDirectory([agent({ id: 'x' }, say), agent({ id: 'x' }, say)]),
      'two agents have the id "x"; give one of them another',
    ],
    [
      'a skill that nothing handles',
      () => agent({ id: 'x', skills: { book: {} } } as never),
      'agent "x": skill "book" has no handler, and neither has the agent; give one of them one',
    ],
    ...(
      [
        [{ run: 'durabel' }, 'run must be one of durable, inline, direct, not "durabel"'],
        [{ answers: 'msg' }, 'answers must be one of task, message, either, not "msg"'],
        [{ inputModes: 'text/plain' }, 'inputModes must be an array of strings, not "text/plain"'],
        [{ skills: 'b' }, 'skills must be an object of skills by id, or an array, not "b"'],
        [{ skills: { b: null } }, 'skills["b"] must be an object, not null'],
        [{ skills: [{ id: 'b', tag: ['x'] }] }, 'there is no option skills[0].tag; did you mean tags?'],
        [{ deadlineMS: 5 }, 'there is no option deadlineMS; did you mean deadlineMs?'],
        [{ colour: 5 }, 'there is no option colour; the options are id, name, description'],
        [{ retry: { maxAttempt: 2 } }, 'there is no option retry.maxAttempt; did you mean maxAttempts?'],
        [{ retry: null }, 'retry must be an object, not null'],
        [{ capabilities: { streaming: 'yes' } }, 'capabilities.streaming must be true or false, not "yes"'],
        [{ extensions: ['x'] }, 'extensions must be an array of objects { uri }, not object'],
        [{ name: 5 }, 'name must be a string, not number'],
        [{ use: say }, 'use must be an array, not function'],
      ] as const
    ).map(([meta, text]) => [text, () => agent({ id: 'x', ...meta } as never, say), `agent "x": ${text}`] as const),
    ['a handler for an agent', () => test(say as never), 'an agent is what agent() returns, or an instance'],
    ['nothing for an agent', () => test(undefined as never), 'an agent is what agent() returns, or an instance'],
    ['a class for its instance', () => test(Plain as never), 'not the class itself'],
    [
      'a decorator that was not called',
      () => test(new Uncalled()),
      'static handlers: handle needs what messageHandler()',
    ],
  ])('%s', (_, define, text) => {
    expect(define).toThrow(AgentDefinitionError)
    expect(define).toThrow(text)
  })
})

describe('a handler that does what it must not', () => {
  it('is told that a result came after the final one', async () => {
    const talkative = agent({ id: 'talkative' }, async function* () {
      yield complete('done')
      yield 'and another thing'
    })
    await expect(runOnce(talkative, '')).rejects.toThrow('Agent talkative gave a string after its final result')
  })

  it('is told what a result can be', async () => {
    const wrong = agent({ id: 'wrong' }, (() => 7) as unknown as () => Result)
    await expect(runOnce(wrong, '')).rejects.toThrow(
      /^Agent wrong gave a number; a handler returns or yields a string or/,
    )
  })

  it('is told that it says too much', async () => {
    const large = agent({ id: 'large' }, async function* () {
      for (let i = 0; i < 40; i += 1) yield data({ i, text: 'x'.repeat(40_000) })
    })
    const { statusText } = await test(large).send('')
    expect(statusText).toMatch(/^What agent large said .*would exceed the limit of 1572864 bytes per task$/)
  })

  it.each<[string, (ctx: AgentContext) => Promise<unknown>, string]>([
    ['ctx.ask', (ctx) => ctx.ask('Which?'), 'called ctx.ask after its turn had ended'],
    ['ctx.step', (ctx) => ctx.step('s', () => 1), 'called ctx.step after its turn had ended'],
    ['ctx.call', (ctx) => ctx.call('other', 'hi'), 'called ctx.call after its turn had ended'],
    ['ctx.state', (ctx) => ctx.state.set('n', 1), 'called ctx.state.set after its turn had ended'],
    [
      'ctx.emit',
      (ctx) => ctx.emit({ statusUpdate: { status: { state: 'TASK_STATE_WORKING' } } }),
      'emitted an event after its turn had ended',
    ],
  ])('is told that %s came when its turn had ended', async (_, use, text) => {
    let kept: AgentContext | undefined
    const t = test(
      agent({ id: 'keeping' }, (_, ctx) => {
        kept = ctx
        return 'done'
      }),
    )
    await t.send('')
    const late = kept === undefined ? undefined : use(kept)
    await expect(late).rejects.toThrow(`Agent keeping ${text}; await it before the handler returns`)
    expect(t.outline().at(-1)).toBe('COMPLETED')
  })

  it.each<[RetryPolicy, string]>([
    [{ maxAttempts: Number.NaN }, 'maxAttempts (NaN) must be a number of at least 1'],
    [{ initialIntervalMs: 0 }, 'initialIntervalMs (0) must be a number of at least 1'],
    [{ initialIntervalMs: 2, maxIntervalMs: 1 }, 'maxIntervalMs (1) must not be less than initialIntervalMs (2)'],
  ])('is told that a step cannot be tried again by %j', async (retry, text) => {
    const work = vi.fn()
    const stepping = agent({ id: 'stepping' }, async (_, ctx) => {
      await ctx.step('s', work, { retry })
      return 'done'
    })
    await expect(runOnce(stepping, '')).rejects.toThrow(`the retry of step "s": ${text}`)
    expect(work).not.toHaveBeenCalled()
  })

  it('is told which skills there are when it is asked for another', async () => {
    const skilled = agent({ id: 'skilled', skills: { book: {}, cancel: {} } }, say)
    await expect(test(skilled).send('', { skill: 'bok' })).rejects.toMatchObject({
      reason: 'INVALID_PARAMS',
      violations: [
        { field: 'message.metadata.skill', description: 'names no skill of this agent; its skills are book, cancel' },
      ],
    })
  })
})
