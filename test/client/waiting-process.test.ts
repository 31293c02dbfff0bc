/** A program that waits for a task and has nothing else to do: it waits to the end. Needs the build (`npm test` makes it). */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { JsonObject } from '@bufbuild/protobuf'
import { afterEach, expect, it } from 'vitest'
import { startCuttingProxy } from '../support/cutting-proxy.js'
import { eventually } from '../support/reading.js'
import { type ScriptedCall, startScriptedServer } from '../support/scripted-server.js'

const CLIENT = new URL('../../dist/src/client/index.js', import.meta.url).href
const PAGE = new URL('../../docs/client.md', import.meta.url)

const stops: (() => unknown)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

/** Runs the code under a heading of docs/client.md, for the agent of this card. */
async function runProgram(heading: string, card: JsonObject): Promise<{ code: number | null; output: string }> {
  const page = await readFile(PAGE, 'utf8')
  const [, code = ''] = /```ts\n([\s\S]*?)```/.exec(page.slice(page.indexOf(`## ${heading}\n`))) ?? []
  const program = code
    .replace("'temporal-a2a/client'", JSON.stringify(CLIENT))
    .replace(/'http:[^']*'/, JSON.stringify(card))
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  stops.push(() => child.kill())
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data))
  const [exitCode] = (await once(child, 'close')) as [number | null]
  return { code: exitCode, output }
}

const task = (state: string, text?: string) => ({
  id: 't',
  contextId: 'c',
  status: { state: `TASK_STATE_${state}` as never },
  ...(text === undefined ? {} : { artifacts: [{ artifactId: 'a', parts: [{ text }] }] }),
})

it('an agent without streams is asked until it is done', async () => {
  const server = await startScriptedServer(
    [
      (call) => call.result({ task: task('WORKING') }),
      (call) => call.result(task('WORKING')),
      (call) => call.result(task('WORKING')),
      (call) => call.result(task('COMPLETED', 'Echo: Hello')),
    ],
    {},
  )
  stops.push(() => server.stop())
  expect(await runProgram('Send and wait', server.card)).toEqual({ code: 0, output: 'Echo: Hello\n' })
})

it('a server that is away for a while is waited for', async () => {
  let away = () => {}
  const server = await startScriptedServer([
    (call: ScriptedCall) => {
      call.event({ task: task('WORKING', 'The rain ') })
      away()
    },
    (call: ScriptedCall) => {
      call.event({ task: task('COMPLETED', 'The rain falls.') })
      call.end()
    },
  ])
  stops.push(() => server.stop())
  const proxy = await startCuttingProxy({ port: () => Number(new URL(server.url).port) })
  stops.push(() => proxy.stop())
  away = () => {
    proxy.refuse(true)
    setTimeout(() => proxy.end(), 100)
  }
  const supportedInterfaces = [{ url: proxy.url, protocolBinding: 'JSONRPC', protocolVersion: '1.0' }]
  const running = runProgram('Stream', { ...server.card, supportedInterfaces })
  await eventually(() => expect(proxy.refused).toBeGreaterThan(1), 15_000)
  proxy.refuse(false)
  expect(await running).toEqual({ code: 0, output: 'The rain falls.' })
})
