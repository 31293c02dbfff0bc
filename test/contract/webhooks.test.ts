/** Webhooks over every binding on the memory engine, over some on Temporal, and on Postgres. */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { watchOldPaths } from '../support/cells.js'
import { postgres } from '../support/databases.js'
import { send, taskOf } from '../support/reading.js'
import { startTestServer, type TestServer } from '../support/servers.js'
import { ALL_WIRE_NAMES, WIRES, type WireName, wireNamed } from '../support/wires.js'
import { told, webhookContract } from './webhooks.js'

const webhooks = { allow: ['127.0.0.1'] }

watchOldPaths()

function over(title: string, wires: readonly WireName[], start: () => Promise<TestServer>): void {
  describe(title, () => {
    let server: TestServer

    beforeAll(async () => {
      server = await start()
    })

    afterAll(() => server.stop())

    for (const name of wires)
      webhookContract(`${title} over ${name}`, WIRES[name], async () => wireNamed(name, server.url))
  })
}

over('memory', ALL_WIRE_NAMES, () => startTestServer({ engine: 'memory', agents: [told], webhooks }))

over('temporal', ['jsonrpc', 'grpc', 'rest-0.3'], () =>
  startTestServer({ temporalAddress: inject('temporalAddress'), agents: [told], webhooks }),
)

if (!postgres.missing) {
  over('temporal and Postgres', ['rest'], async () => {
    const { where } = await postgres.create()
    return startTestServer({ temporalAddress: inject('temporalAddress'), agents: [told], webhooks, db: where })
  })
}

describe('the paths of 0.2.5', () => {
  let server: TestServer

  beforeAll(async () => {
    server = await startTestServer({ engine: 'memory', agents: [told], webhooks })
  })

  afterAll(() => server.stop())

  it('register, show and delete', async () => {
    const { id } = taskOf(await wireNamed('jsonrpc', server.url).call('sendMessage', send('ask which?')))
    const url = `${server.url}/agents/told/a2a/tasks/${id}/pushNotifications`
    const ask = async (method: string, path = '', body?: object) => {
      const headers = { 'content-type': 'application/json' }
      const response = await fetch(`${url}${path}`, {
        method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      return [response.status, await response.json()]
    }
    const hook = { id: 'w', url: 'http://127.0.0.1:9/' }
    const shown = { taskId: id, pushNotificationConfig: hook }
    expect(await ask('POST', '', { pushNotificationConfig: { ...hook, token: 'secret' } })).toEqual([200, shown])
    expect(await ask('PUT', '', hook)).toEqual([200, shown])
    expect(await ask('GET')).toEqual([200, [shown]])
    expect(await ask('GET', '/w')).toEqual([200, shown])
    expect((await ask('DELETE', '/w'))[0]).toBe(200)
    expect((await ask('GET', '/w'))[0]).toBe(404)
  })
})
