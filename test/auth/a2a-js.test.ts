/** The client of `@a2a-js/sdk`, with its own way to authenticate, against a server that wants a token. */
import { type AgentCard, SendMessageRequest, type Task } from '@a2a-js/sdk'
import {
  type AuthenticationHandler,
  type Client,
  ClientFactory,
  ClientFactoryOptions,
  createAuthenticatingFetchWithRetry,
  JsonRpcTransportFactory,
  RestTransportFactory,
} from '@a2a-js/sdk/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { agent, jwt } from '../../src/index.js'
import { AUDIENCE, ISSUER, JWKS, token } from '../support/issuer.js'
import { send } from '../support/reading.js'
import { startTestServer, type TestServer } from '../support/servers.js'

let server: TestServer

beforeAll(async () => {
  const known = agent(
    { id: 'known', extendedCard: ({ principal }) => ({ description: `for ${principal}` }) },
    (_, { caller }) => `you are ${caller.principal}`,
  )
  const authenticate = jwt({ issuer: ISSUER, audience: AUDIENCE, jwks: JWKS })
  server = await startTestServer({ engine: 'memory', agents: [known], authenticate })
})

afterAll(() => server.stop())

describe.each(['JSONRPC', 'HTTP+JSON'])('over %s', (transport) => {
  /** The first token has expired; a 401 makes the handler give another. */
  async function client(authHandler: AuthenticationHandler): Promise<Client> {
    const fetchImpl = createAuthenticatingFetchWithRetry(fetch, authHandler)
    const options = ClientFactoryOptions.createFrom(ClientFactoryOptions.default, {
      transports: [new JsonRpcTransportFactory({ fetchImpl }), new RestTransportFactory({ fetchImpl })],
      preferredTransports: [transport],
    })
    return new ClientFactory(options).createFromUrl(server.url)
  }

  it('shows a token, a new one after a 401, and gets its own card', async () => {
    let current = token({ exp: 1 })
    const challenges: (string | null)[] = []
    const bot = await client({
      headers: async () => ({ authorization: `Bearer ${current}` }),
      async shouldRetryWithHeaders(_, response) {
        if (response.status !== 401) return undefined
        challenges.push(response.headers.get('www-authenticate'))
        current = token()
        return { authorization: `Bearer ${current}` }
      },
    })
    const task = (await bot.sendMessage(SendMessageRequest.fromJSON(send('who am I?')))) as Task
    expect(JSON.stringify(task.artifacts)).toContain('you are alice')
    expect(challenges).toEqual(['Bearer realm="a2a"'])
    const card: AgentCard = await bot.getAgentCard()
    expect(card.description).toBe('for alice')
  })

  it('is refused without', async () => {
    const bot = await client({ headers: async () => ({}), shouldRetryWithHeaders: async () => undefined })
    await expect(bot.sendMessage(SendMessageRequest.fromJSON(send('x')))).rejects.toThrow()
  })
})
