/** docs/migrating.md does what it says: one executor, its server before and after, its client, and the agent anew. */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Served } from '../../src/index.js'
import { eventually, send, stateOf, taskOf } from '../support/reading.js'
import { wireNamed } from '../support/wires.js'
import { type Recipes, recipesOf } from './recipes.js'

let recipes: Recipes
let stop: () => Promise<unknown> | undefined = () => undefined

beforeAll(async () => {
  recipes = await recipesOf('docs/migrating.md')
})

afterEach(() => stop())

afterAll(() => recipes.remove())

const anyPort = (code: string) =>
  code.replace('port: 4242', "port: 0, engine: 'memory'").replace('listen(4242)', 'listen(0)')

const SERVERS: Record<string, () => Promise<string>> = {
  'The server before': async () => {
    const { server } = await recipes.load<{ server: Server }>('The server before', anyPort)
    if (!server.listening) await once(server, 'listening')
    stop = () => new Promise((resolve) => server.close(resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  },
  'The server after': () => serving('The server after'),
  'The same agent, written here': () => serving('The same agent, written here'),
}

async function serving(heading: string): Promise<string> {
  const { served } = await recipes.load<{ served: Served }>(heading, anyPort)
  stop = () => served.stop()
  return served.url
}

describe('the code of docs/migrating.md', () => {
  it('compiles', () => recipes.compile(), 60_000)

  it.each(Object.entries(SERVERS))('%s streams to the client of the page and to that of the SDK', async (_, start) => {
    const url = await start()
    // The card of the page names a port that is not the one this test got.
    const found = await fetch(`${url}/.well-known/agent-card.json`)
    const card = (await found.json()) as { supportedInterfaces: object[] }
    card.supportedInterfaces = [{ ...card.supportedInterfaces[0], url }]
    for (const entry of ['temporal-a2a/compat', '@a2a-js/sdk/client']) {
      const { ask } = await recipes.load<{ ask(card: object, text: string): Promise<string> }>('The client', (code) =>
        code
          .replace("'temporal-a2a/compat'", `'${entry}'`)
          .replace('createFromUrl(url)', 'createFromAgentCard(url as never)'),
      )
      expect(await ask(card, 'a b c')).toBe('1 a 2 b 3 c ')
    }
  })

  it.each(['The server after', 'The same agent, written here'])('%s stops when it is canceled', async (heading) => {
    const wire = wireNamed('rest', await (SERVERS[heading] as () => Promise<string>)())
    const many = Array(500).fill('word').join(' ')
    const { id } = taskOf(await wire.call('sendMessage', send(many, { configuration: { returnImmediately: true } })))
    await eventually(async () => expect((await wire.call('getTask', { id })).artifacts).toBeDefined())
    expect(stateOf(await wire.call('cancelTask', { id }))).toBe('TASK_STATE_CANCELED')
  })

  it('has as many lines as the page says', async () => {
    const page = await readFile(new URL('../../docs/migrating.md', import.meta.url), 'utf8')
    const lines = (name: string) => {
      const code = new RegExp(`\`\`\`ts\\n// ${name}\\.ts\\n([\\s\\S]*?)\`\`\``).exec(page)?.[1] ?? ''
      return code.split('\n').filter((line) => line.trim() !== '' && !line.trim().startsWith('//')).length
    }
    const [ours, theirs] = [lines('anew'), lines('executor') + lines('card') + lines('before')]
    const said = /that is (\d+) lines; executor, card and server above are (\d+)\./.exec(page)
    expect(said?.slice(1).map(Number)).toEqual([ours, theirs])
  })
})
