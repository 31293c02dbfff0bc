/** Ids in paths: every one of them in its own segment, or the request is not sent. */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { type AgentClient, connect } from '../../src/client/index.js'

const paths: string[] = []
let bot: AgentClient

const server = http.createServer((req, res) => {
  paths.push(`${req.method} ${req.url}`)
  res.writeHead(404).end()
})

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/rpc`
  bot = await connect({
    name: 'x',
    supportedInterfaces: [{ url, protocolBinding: 'HTTP+JSON', protocolVersion: '1.0' }],
  })
})

beforeEach(() => {
  paths.length = 0
})

afterAll(() => new Promise((resolve) => server.close(resolve)))

it.each(['', '.', '..'])('the id %j is refused', async (id) => {
  const invalid = { name: 'A2AError', reason: 'INVALID_PARAMS', violations: [{ field: 'id' }] }
  await expect(bot.getTask({ id })).rejects.toMatchObject(invalid)
  await expect(bot.cancelTask({ id })).rejects.toMatchObject(invalid)
  await expect(bot.subscribeToTask({ id }).next()).rejects.toMatchObject(invalid)
  await expect(bot.deleteTaskPushNotificationConfig({ taskId: 't', id })).rejects.toMatchObject(invalid)
  expect(paths).toEqual([])
})

it.each([
  ['a/b', 'a%2Fb'],
  ['%2e%2e', '%252e%252e'],
  ['...', '...'],
  ['?#', '%3F%23'],
])('the id %j is one segment', async (id, segment) => {
  await expect(bot.getTask({ id })).rejects.toMatchObject({ name: 'A2AError' })
  expect(paths).toEqual([`GET /rpc/tasks/${segment}`])
})
