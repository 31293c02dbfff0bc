/** docs/agents.md does what it says. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Agent, type AgentDefinition, agentDefinition, type Served } from '../../src/index.js'
import { send, stateOf, statusText, taskOf, textOf } from '../support/reading.js'
import { startTestServer, type TestServer } from '../support/servers.js'
import { wireNamed } from '../support/wires.js'
import { type Recipes, recipesOf } from './recipes.js'

let recipes: Recipes
let server: TestServer | Served | undefined

beforeAll(async () => {
  recipes = await recipesOf('docs/agents.md')
})

afterEach(() => server?.stop())

afterAll(() => recipes.remove())

/** Serves an agent and gives the way to talk to it. */
async function talkTo(agent: AgentDefinition) {
  server = await startTestServer({ engine: 'memory', agents: [agent] })
  return speaker(server.url)
}

function speaker(url: string) {
  const wire = wireNamed('rest', url)
  return async (text: string, more = {}) => taskOf(await wire.call('sendMessage', send(text, {}, more)))
}

describe('the code of docs/agents.md', () => {
  it('compiles', () => recipes.compile(), 60_000)

  it('Skills', async () => {
    const { travel } = await recipes.load<{ travel: AgentDefinition }>('Skills')
    const say = await talkTo(travel)
    const asked = await say('a trip', { metadata: { skill: 'booking' } })
    expect(statusText(asked)).toBe('Which day?')
    expect(textOf(await say('Monday', { taskId: asked.id }))).toBe('Booked for Monday.')
    expect(textOf(await say('Rome?', { metadata: { skill: 'weather' } }))).toBe('weather: Rome?')
    expect(textOf(await say('hi'))).toBe('travel: hi')
  })

  it('State', async () => {
    const { host } = await recipes.load<{ host: AgentDefinition }>('State')
    const say = await talkTo(host)
    const contextId = 'a-trip'
    expect(textOf(await say('Rome', { contextId }))).toBe('Visit 1. You were in no city.')
    expect(textOf(await say('Oslo', { contextId }))).toBe('Visit 2. You were in Rome.')
    expect(textOf(await say('Oslo', { contextId: 'another' }))).toBe('Visit 1. You were in no city.')
  })

  it('Classes', async () => {
    const [standard, described] = [
      await recipes.load<{ Travel: new () => Agent }>('Classes'),
      await recipes.load<{ Travel: new () => Agent }>('Classes', undefined, 1),
    ]
    const say = await talkTo(agentDefinition(new standard.Travel()))
    expect(textOf(await say('Rome'))).toBe('Off to Rome.')
    expect(textOf(await say('Rome', { metadata: { skill: 'booking' } }))).toBe('Offer 1: Rome')
    await server?.stop()
    const again = await talkTo(agentDefinition(new described.Travel()))
    expect(textOf(await again('Rome'))).toBe('Off to Rome.')
    expect(textOf(await again('Rome', { metadata: { skill: 'booking' } }))).toBe('Booked Rome.')
  })

  it('Middleware', async () => {
    const { served } = await recipes.load<{ served: Served }>('Middleware', (code) =>
      code.replace('port: 4242', "port: 0, engine: 'memory'"),
    )
    server = served
    const say = speaker(served.url)
    expect(textOf(await say('Hello There'))).toBe('hello! there! ')
    expect([stateOf(await say('sleep')), statusText(await say('sleep'))]).toEqual(['TASK_STATE_REJECTED', 'Not now.'])
  })

  it('Times and limits', async () => {
    const { careful } = await recipes.load<{ careful: AgentDefinition }>('Times and limits')
    const say = await talkTo(careful)
    for (let i = 0; i < 60; i += 1) expect(textOf(await say('x'))).toBe('With care: x')
    await expect(say('x')).rejects.toMatchObject({ reason: 'RATE_LIMITED', code: 429 })
  })
})
