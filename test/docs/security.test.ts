/** docs/security.md does what it says. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { apiKey, connect } from '../../src/client/index.js'
import { type AgentDefinition, type Authenticate, type Authenticator, agent, type Served } from '../../src/index.js'
import { startTestServer } from '../support/servers.js'
import { type Recipes, recipesOf } from './recipes.js'

let recipes: Recipes

beforeAll(async () => {
  recipes = await recipesOf('docs/security.md')
})
afterAll(() => recipes.remove())

describe('the code of docs/security.md', () => {
  it('compiles', () => recipes.compile(), 60_000)

  it('API keys', async () => {
    const { start } = await recipes.load<{ start: (key: string | undefined) => Promise<Served> }>('API keys')
    expect(() => start(undefined)).toThrow('is a variable not set?')
    const served = await start('a key that is long enough')
    try {
      const bot = await connect(served.url, { auth: apiKey('a key that is long enough') })
      expect(await (await bot.send('hi')).text()).toBe('billing of acme: hi')
      bot.close()
    } finally {
      await served.stop()
    }
  })

  it('Something else', async () => {
    const made = await recipes.load<{ authenticate: Authenticate; echo: AgentDefinition }>('Something else')
    const server = await startTestServer({ engine: 'memory', agents: [made.echo], authenticate: made.authenticate })
    try {
      const tasks = `${server.url}/tasks`
      expect((await fetch(tasks, { headers: { 'x-verified-user': 'ann' } })).status).toBe(200)
      expect((await fetch(tasks)).status).toBe(401)
    } finally {
      await server.stop()
    }
  })

  it('Tokens, and On the card', async () => {
    const { authenticate } = await recipes.load<{ authenticate: Authenticator }>('Tokens')
    const { desk } = await recipes.load<{ desk: AgentDefinition }>('On the card')
    const server = await startTestServer({ engine: 'memory', agents: [desk], authenticate })
    try {
      expect(await (await fetch(`${server.url}/.well-known/agent-card.json`)).json()).toMatchObject({
        securitySchemes: { bearer: { openIdConnectSecurityScheme: {} } },
        securityRequirements: [{ schemes: { bearer: { list: ['desk.use'] } } }],
      })
    } finally {
      await server.stop()
    }
    await expect(
      startTestServer({
        engine: 'memory',
        agents: [agent({ id: 'a', securitySchemes: { x: { mtlsSecurityScheme: {} } } }, () => '')],
        authenticate,
      }),
    ).rejects.toThrow('does not enforce')
  })

  it('Calling other agents', async () => {
    const { start } = await recipes.load<{ start: () => Promise<Served> }>('Calling other agents')
    await (await start()).stop()
  })
})
