/** The README does what it says: its shell lines are run against the example server, its code is compiled and served. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { AgentDefinition } from '../../src/index.js'
import { test } from '../../src/testing/index.js'
import { type Cli, endAll, runCli } from '../support/processes.js'
import { send, taskOf, textOf } from '../support/reading.js'
import { wireNamed } from '../support/wires.js'
import { type Recipes, recipesOf } from './recipes.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const run = promisify(execFile)
const readme = await readFile(join(ROOT, 'README.md'), 'utf8')

function blocks(language: string): string[] {
  return [...readme.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, 'g'))].map(([, code]) => code ?? '')
}

/** The block that has this text. */
function codeWith(text: string): string {
  return blocks('ts').find((code) => code.includes(text)) ?? ''
}

/** Its lines that are not empty. */
function linesOf(text: string): string[] {
  return codeWith(text)
    .split('\n')
    .filter((line) => line.trim() !== '')
}

let recipes: Recipes
let directory: string
let server: Cli
let url: string

beforeAll(async () => {
  recipes = await recipesOf('README.md')
  directory = await mkdtemp(join(tmpdir(), 'temporal-a2a-readme-'))
  server = runCli(['serve', 'examples/agents.ts', '--port', '0', '--json', '--db', join(directory, 'a2a.db')])
  ;({ url } = await server.json<{ url: string }>())
})

afterAll(async () => {
  await endAll()
  await recipes.remove()
  await rm(directory, { recursive: true, force: true })
})

describe('the shell lines of the README', () => {
  const [start, tests, ...calls] = blocks('sh')

  it('begin with the two commands', () => {
    expect([start, tests]).toEqual(['npm install && npm start\n', 'npm install && npm test\n'])
  })

  it('are the calls of each protocol', () => {
    expect(calls).toHaveLength(6)
  })

  it.each(calls.map((call) => [call.split('\n')[0] ?? '', call]))('%s', async (_, call) => {
    const here = call.replaceAll('http://127.0.0.1:4242', url).replaceAll('npx buf', 'buf')
    const path = `${join(ROOT, 'node_modules/.bin')}:${dirname(process.execPath)}:${process.env.PATH}`
    const { stdout } = await run('bash', ['-c', here], { cwd: ROOT, env: { ...process.env, PATH: path } })
    if (here.includes('agent-card')) expect(JSON.parse(stdout)).toMatchObject({ name: 'Echo' })
    else if (here.includes('rain')) expect(stdout).toContain('TASK_STATE_COMPLETED')
    else expect(stdout).toContain('Echo: Hello')
  })
})

describe('the code of the README', () => {
  it('compiles', () => recipes.compile(), 60_000)

  it('Call it: three lines read a stream', async () => {
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
    await recipes.load('Call it', (code) => code.replace('http://127.0.0.1:4242', url))
    const printed = write.mock.calls.map(([text]) => String(text)).join('')
    write.mockRestore()
    expect(printed).toContain('rain')
    expect(linesOf('import { connect }').filter((line) => !line.startsWith('import'))).toHaveLength(3)
  })

  it('six lines are a durable agent', async () => {
    const file = join(ROOT, 'test/docs/readme-serve.mjs')
    const db = join(directory, 'hello.db')
    const hello = codeWith('import { agent, serve }')
    expect(linesOf('import { agent, serve }').length).toBeLessThanOrEqual(6)
    await writeFile(
      file,
      hello
        .replace('port: 4242', `port: 0, db: ${JSON.stringify(db)}`)
        .replace('await serve', 'const { url, stop } = await serve')
        .concat('\nconsole.log(url)\nprocess.once("SIGTERM", stop)\n'),
    )
    const child = execFile(process.execPath, [file], { cwd: ROOT })
    try {
      const at = await new Promise<string>((resolve, reject) => {
        child.stdout?.once('data', (data) => resolve(String(data).trim()))
        child.once('exit', (code) => reject(new Error(`ended with ${code}`)))
      })
      expect(textOf(taskOf(await wireNamed('rest', at).call('sendMessage', send('six lines'))))).toBe('Echo: six lines')
    } finally {
      child.kill('SIGTERM')
      await new Promise((resolve) => child.once('exit', resolve))
      await rm(file, { force: true })
    }
  }, 60_000)

  it('Stream', async () => {
    const { haiku } = await recipes.load<{ haiku: AgentDefinition }>('Stream')
    const t = test(haiku)
    await t.send('rain')
    expect(t.text()).toBe('First rain, then silence.')
  })

  it('Ask, and wait', async () => {
    const { booking } = await recipes.load<{ booking: AgentDefinition }>('Ask, and wait')
    const t = test(booking)
    await t.send('a trip')
    expect(t.statusText()).toBe('Which city?')
    await t.reply('Rome')
    await t.reply('yes')
    expect(t.artifacts()[0]?.parts?.[0]?.data).toEqual({ offer: { city: 'Rome', price: 1200 } })
    expect(t.steps()).toEqual({ search: 1 })
  })

  it('Ask, and wait: a turn a message', async () => {
    const { travel } = await recipes.load<{ travel: AgentDefinition }>('Ask, and wait', undefined, 1)
    const t = test(travel)
    await t.send('Rome')
    expect(t.statusText()).toBe('When?')
    await t.reply('Monday')
    expect(t.text()).toBe('To Rome, on Monday.')
  })

  it('Remember', async () => {
    const { host } = await recipes.load<{ host: AgentDefinition }>('Remember')
    const t = test(host)
    expect((await t.send('hello')).text).toBe('Visit 1.')
    expect((await t.send('hello again')).text).toBe('Visit 2.')
  })

  it('Take and give files', async () => {
    const { archive } = await recipes.load<{ archive: AgentDefinition }>('Take and give files')
    const t = test(archive)
    await t.send([{ raw: 'aGk=', filename: 'hi.txt', mediaType: 'text/plain' }, { text: 'keep' }])
    expect(t.task()?.artifacts?.map(({ name, parts }) => [name, parts])).toEqual([
      ['copy of hi.txt', [{ raw: 'aGk=', filename: 'copy of hi.txt', mediaType: 'text/plain' }]],
      [undefined, [expect.objectContaining({ data: { files: 1 } })]],
      ['notes', [{ text: 'kept' }, { url: 'https://example.com/all.zip', filename: 'all.zip' }]],
    ])
  })
})

describe('the examples', () => {
  it.each(['echo', 'writer'])('%s checks itself', async (name) => {
    const { stdout } = await run(process.execPath, [join(ROOT, `examples/${name}/check.ts`), url])
    expect(stdout).toBe(`${name}: ok\n`)
  })

  it('booking checks itself, with processes of its own that it kills', async () => {
    const { stdout } = await run(process.execPath, [join(ROOT, 'examples/booking/check.ts')])
    expect(stdout).toBe('booking: ok\n')
  }, 120_000)
})
