import { describe, expect, it } from 'vitest'
import { agentDirectory, defaultAgent } from '../../../src/agent/agent-definition.js'
import { AgentDefinitionError, agent } from '../../../src/index.js'

const say = () => 'hi'

describe('agent', () => {
  it('fills in what is not said', () => {
    expect(agent({ id: 'echo' }, say)).toMatchObject({
      name: 'echo',
      description: 'echo',
      version: '0.0.0',
      answers: 'task',
      run: 'durable',
      streaming: true,
      retry: { maxAttempts: 3, initialIntervalMs: 500, maxIntervalMs: 30_000 },
      skills: [{ id: 'echo', name: 'echo', description: 'echo', tags: ['echo'] }],
    })
    expect(agent({ id: 'now', run: 'direct' }, say).answers).toBe('message')
    const patient = agent({ id: 'patient', retry: { initialIntervalMs: 60_000 } }, say)
    expect(patient.retry.maxIntervalMs).toBe(60_000)
  })

  it.each([
    [{ id: '' }, 'id must be 1 to 64'],
    [{ id: 'Echo' }, 'id must be 1 to 64'],
    [{ id: 'a/b' }, 'id must be 1 to 64'],
    [{ id: 'tasks' }, 'id is reserved'],
    [{ id: 'agents' }, 'id is reserved'],
    [{ id: 'a2a' }, 'id is reserved'],
    [{ id: 'health' }, 'id is reserved'],
    [{ id: 7 }, 'id must be a string'],
    [{ id: 'x', run: 'direct', answers: 'task' }, "run 'direct' keeps no task"],
    [{ id: 'x', retry: { maxAttempts: 0 } }, 'maxAttempts (0)'],
    [{ id: 'x', deadlineMs: Number.NaN }, 'deadlineMs (NaN)'],
    [{ id: 'x', deadlineMs: 1e12 }, 'deadlineMs (1000000000000) must not be more than 315360000000, ten years'],
    [
      { id: 'x', retry: { initialIntervalMs: 500, maxIntervalMs: 100 } },
      'maxIntervalMs (100) must not be less than initialIntervalMs (500)',
    ],
    [{ id: 'x', skills: [{ id: 's' }, { id: 's' }] }, 'two skills have the id "s"'],
  ])('refuses %j, and says what is wrong', (meta, text) => {
    expect(() => agent(meta as never, say)).toThrow(AgentDefinitionError)
    expect(() => agent(meta as never, say)).toThrow(text)
  })

  it('refuses a handler that is no function', () => {
    expect(() => agent({ id: 'x' }, 'hi' as never)).toThrow('the handler must be a function')
  })

  it('refuses two agents of one name, and none', () => {
    expect(() => agentDirectory([agent({ id: 'x' }, say), agent({ id: 'x' }, say)])).toThrow(
      'two agents have the id "x"',
    )
    expect(() => agentDirectory([])).toThrow('at least one agent')
  })

  it('answers at the root by its mark, else by its place', () => {
    const [a, b] = [agent({ id: 'a' }, say), agent({ id: 'b', default: true }, say)]
    expect(defaultAgent(agentDirectory([a, b])).id).toBe('b')
    expect(defaultAgent(agentDirectory([a])).id).toBe('a')
  })
})
