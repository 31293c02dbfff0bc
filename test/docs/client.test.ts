/** docs/client.md does what it says. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { agent, data } from '../../src/index.js'
import { startTestServer, type TestServer } from '../support/servers.js'
import { type Recipes, recipesOf } from './recipes.js'

const echo = agent(
  { id: 'echo', inputModes: ['text/plain'], skills: { reading: { description: 'reads' } } },
  (message) => (message.text.startsWith('Look') ? 'seen' : `Echo: ${message.text}`),
)

const writer = agent({ id: 'writer' }, async function* (message) {
  for (const word of ['The ', message.text, ' falls.']) yield word
})

const booking = agent({ id: 'booking' }, async (_, ctx) => {
  const city = await ctx.ask('Which city?')
  return data({ city: city.text })
})

let recipes: Recipes
let server: TestServer
let printed: string[]

beforeAll(async () => {
  recipes = await recipesOf('docs/client.md')
  server = await startTestServer({ engine: 'memory', agents: [echo, writer, booking] })
})

afterAll(async () => {
  await server.stop()
  await recipes.remove()
})

beforeEach(() => {
  printed = []
  vi.spyOn(console, 'log').mockImplementation((...values: unknown[]) => void printed.push(values.map(show).join(' ')))
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => printed.push(String(text)) > 0)
})

afterEach(() => {
  vi.restoreAllMocks()
})

function show(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

describe('the code of docs/client.md', () => {
  it('compiles', () => recipes.compile(), 60_000)

  it.each<[string, string[]]>([
    ['Send and wait', ['Echo: Hello']],
    ['Stream', ['The rain falls.']],
    ['Answer a question', ['Which city?', '[{"city":"Rome"}]']],
    ['Cancel, deadlines, signals', ['false "TASK_STATE_CANCELED"'.replaceAll('"', '')]],
    ['Errors', ['TASK_NOT_FOUND Task not found']],
    ['Transports', ['connect 1.0']],
    ['Credentials', ['3']],
    ['Parts, files, metadata', ['a conversation']],
    ['Bare Connect clients', ['task']],
  ])('%s', async (heading, expected) => {
    await recipes.load(heading, (code) => code.replaceAll('http://127.0.0.1:4242', server.url))
    expect(heading === 'Stream' ? [printed.join('')] : printed).toEqual(expected)
  })

  it('Cards', async () => {
    const { connectVerified } = await recipes.load<{ connectVerified(url: string, key: object): Promise<unknown> }>(
      'Cards',
    )
    await expect(connectVerified(`${server.url}/agents/echo`, {})).rejects.toMatchObject({
      name: 'CardNotVerifiedError',
    })
  })

  it('Lost connections', async () => {
    await recipes.load('Lost connections', (code) => code.replaceAll('http://127.0.0.1:4242', server.url))
    expect(printed.at(-1)).toBe('TASK_STATE_COMPLETED')
    expect(printed.length).toBeGreaterThan(1)
  })
})
