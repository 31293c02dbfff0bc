/** Versions: whoever names none speaks 1.0, unless the server insists. */
import { expect, it } from 'vitest'
import { startTestServer } from '../support/servers.js'

async function statuses(strictVersion: boolean): Promise<(number | string)[]> {
  const server = await startTestServer({ engine: 'memory', strictVersion })
  try {
    expect(new URL(server.url).hostname).toBe('127.0.0.1')
    const message = { messageId: 'm', role: 'ROLE_USER', parts: [{ text: 'echo hi' }] }
    const post = async (path: string, body: object) => {
      const headers = { 'content-type': 'application/json' }
      const answer = await fetch(`${server.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
      const { error } = (await answer.json()) as { error?: { code?: number } }
      return error?.code ?? answer.status
    }
    return [
      await post('/', { jsonrpc: '2.0', id: 1, method: 'SendMessage', params: { message } }),
      await post('/message:send', { message }),
      await post('/lf.a2a.v1.A2AService/SendMessage', { message }),
    ]
  } finally {
    await server.stop()
  }
}

it('a call without a version is 1.0 on every binding', async () => {
  expect(await statuses(false)).toEqual([200, 200, 200])
})

it('a server with strictVersion refuses it', async () => {
  expect(await statuses(true)).toEqual([-32009, 400, 400])
})
