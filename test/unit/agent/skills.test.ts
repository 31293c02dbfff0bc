import { describe, expect, it } from 'vitest'
import { agentCard } from '../../../src/agent/agent-card.js'
import { checkSkill } from '../../../src/agent/skills.js'
import { AgentDefinitionError, agent, type Handler } from '../../../src/index.js'
import { runOnce } from '../../support/run-turn.js'

const named =
  (name: string): Handler =>
  (message, ctx) =>
    `${name} of ${ctx.skill}: ${message.text}`
const user = (text: string, skill?: unknown) => ({
  messageId: text,
  role: 'ROLE_USER' as const,
  parts: [{ text }],
  ...(skill === undefined ? {} : { metadata: { skill } as never }),
})

const travel = agent(
  {
    id: 'travel',
    skills: {
      booking: { name: 'Booking', tags: ['trip'], handler: named('booking') },
      weather: { description: 'Tells the weather' },
    },
  },
  named('default'),
)

describe('skills', () => {
  it('are on the card, from an object or a list', () => {
    const skills = [
      { id: 'booking', name: 'Booking', description: 'Booking', tags: ['trip'] },
      { id: 'weather', name: 'weather', description: 'Tells the weather', tags: ['weather'] },
    ]
    expect(agentCard(travel, []).skills).toEqual(skills)
    const { handler } = travel
    expect(agentCard(agent({ id: 'list', skills: skills.map((skill) => ({ ...skill, handler })) }), []).skills).toEqual(
      skills,
    )
  })

  it('get the messages that name them; the agent the others', async () => {
    const say = async (skill?: string) =>
      (await runOnce(travel, 'hi', skill === undefined ? {} : { metadata: { skill } })).text
    expect(await say('booking')).toBe('booking of booking: hi')
    expect(await say('weather')).toBe('default of weather: hi')
    expect(await say()).toBe('default of undefined: hi')
  })

  it('keep a task: a message that names none goes where the one before went', async () => {
    const history = [user('first', 'weather'), user('second', 'booking'), user('third')]
    expect((await runOnce(travel, 'fourth', { history })).text).toBe('booking of booking: fourth')
    expect((await runOnce(travel, 'fourth', { history, metadata: { skill: 'weather' } })).text).toBe(
      'default of weather: fourth',
    )
  })

  it('leave the metadata alone when none are declared', async () => {
    const free = agent({ id: 'free' }, (message, ctx) => `${message.metadata.skill} ${ctx.skill}`)
    expect(() => checkSkill(free, user('hi', 'anything'))).not.toThrow()
    expect((await runOnce(free, 'hi', { metadata: { skill: 'anything' } })).text).toBe('anything undefined')
  })

  it.each([['flying'], [''], [7], [null], [['booking']], ['__proto__']])(
    'refuse %j, naming those there are',
    (skill) => {
      expect(() => checkSkill(travel, user('hi', skill))).toThrow(
        'message.metadata.skill: names no skill of this agent; its skills are booking, weather',
      )
    },
  )

  it('must be named where the agent has no handler of its own', () => {
    const only = agent({ id: 'only', skills: { a: { handler: named('a') }, b: { handler: named('b') } } })
    expect(() => checkSkill(only, user('hi'))).toThrow('message.metadata.skill: is missing; its skills are a, b')
    expect(() => checkSkill(only, { ...user('hi'), taskId: 'known' })).not.toThrow()
    expect(() => checkSkill(only, user('hi', 'b'))).not.toThrow()
  })

  it.each([
    [{ skills: [{ id: 's' }, { id: 's' }] }, 'two skills have the id "s"'],
    [{ skills: [{ name: 'x' }] }, 'skill 1 of the list needs an id'],
    [{ skills: { a: { handler: 'no' } } }, 'the handler of skill "a" must be a function'],
    [{ skills: { a: { history: -1 } } }, 'history (-1) of skill "a"'],
    [{ skills: { a: { rateLimits: {} } } }, 'needs one of perSecond, perMinute, perHour, perDay'],
    [{ rateLimits: { perMinute: 0 } }, 'perMinute (0) must be a whole number'],
    [{ rateLimits: { perWeek: 1 } }, 'a rate limit has no perWeek'],
    [{ rateLimits: { perDay: 1, by: 'moon' } }, "counts by 'caller' or 'agent'"],
    [{ rateLimits: { perDay: 1, skill: 'x' } }, 'names the skill "x", which the agent does not have'],
    [{ history: 1.5 }, 'history (1.5)'],
    [{ idleTimeoutMs: 0 }, 'idleTimeoutMs (0)'],
    [{ idleTimeoutMs: 20, deadlineMs: 10 }, 'idleTimeoutMs (20) must not be more than deadlineMs (10)'],
    [{ use: [() => {}, 'x'] }, 'use[1] must be a function'],
  ])('refuse %j when the agent is defined', (meta, text) => {
    expect(() => agent({ id: 'x', ...meta } as never, () => 'hi')).toThrow(AgentDefinitionError)
    expect(() => agent({ id: 'x', ...meta } as never, () => 'hi')).toThrow(text)
  })

  it('refuse to be without any handler', () => {
    expect(() => agent({ id: 'x', skills: { a: {}, b: { handler: named('b') } } })).toThrow(
      'agent "x": skill "a" has no handler, and neither has the agent; give one of them one',
    )
  })
})

describe('history', () => {
  const history = [user('1'), user('2'), user('3')]
  const told: Handler = (_message, ctx) => ctx.history.map(({ messageId }) => messageId).join()
  const say = async (meta: object, metadata = {}) =>
    (await runOnce(agent({ id: 'x', ...meta }, told), '4', { history, metadata })).text

  it('is all there is, or the latest messages', async () => {
    expect(await say({})).toBe('1,2,3')
    expect(await say({ history: 2 })).toBe('2,3')
    expect(await say({ history: 0 })).toBe('')
    expect(await say({ history: 9 })).toBe('1,2,3')
  })

  it.each([
    ['all', {}, undefined],
    ['what the agent says', { history: 2 }, 2],
    ['the most that a handler asks for', { history: 2, skills: { a: { history: 7, handler: told } } }, 7],
    ['nothing for a skill without a handler', { history: 2, skills: { a: { history: 7 } } }, 2],
    [
      'all when one of them wants all',
      { history: 2, skills: { a: { history: Number.POSITIVE_INFINITY, handler: told } } },
      undefined,
    ],
  ])('loads %s', (_, meta, expected) => {
    expect(agent({ id: 'x', ...meta }, told).history).toBe(expected)
  })

  it('is a matter of the skill before it is one of the agent', async () => {
    const skills = { short: { history: 1, handler: told }, same: { handler: told } }
    expect(await say({ history: 2, skills }, { skill: 'short' })).toBe('3')
    expect(await say({ history: 2, skills }, { skill: 'same' })).toBe('2,3')
  })
})
