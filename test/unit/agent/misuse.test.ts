/** What an author may get wrong: each time an error that names the agent, the place and the remedy. */
import { describe, expect, it, vi } from 'vitest'
import { agentDirectory } from '../../../src/agent/agent-definition.js'
import {
  type AgentContext,
  AgentDefinitionError,
  agent,
  complete,
  data,
  type Result,
  type RetryPolicy,
} from '../../../src/index.js'
import { test } from '../../../src/testing/index.js'
import { runOnce } from '../../support/run-turn.js'

const say = () => 'hi'

describe('a definition that cannot work is refused at once', () => {
  it.each([
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
