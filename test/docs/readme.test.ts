/** The README does what it says: its shell lines are run against the example server, its code is compiled and served. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Cli, endAll, runCli } from '../support/processes.js'
import { send, taskOf, textOf } from '../support/reading.js'
import { wireNamed } from '../support/wires.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const run = promisify(execFile)
const readme = await readFile(join(ROOT, 'README.md'), 'utf8')

function blocks(language: string): string[] {
  return [...readme.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, 'g'))].map(([, code]) => code ?? '')
}

let directory: string
let server: Cli
let url: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'temporal-a2a-readme-'))
  server = runCli(['serve', 'examples/agents.ts', '--port', '0', '--json', '--db', join(directory, 'a2a.db')])
  ;({ url } = await server.json<{ url: string }>())
})

afterAll(async () => {
  await endAll()
  await rm(directory, { recursive: true, force: true })
})

describe('the shell lines of the README', () => {
  const [start, test, ...calls] = blocks('sh')

  it('begin with the two commands', () => {
    expect([start, test]).toEqual(['npm install && npm start\n', 'npm install && npm test\n'])
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
  const [hello = '', call = '', travel = '', booking = '', testing = ''] = blocks('ts')

  it('compiles', async () => {
    const file = join(ROOT, 'test/docs/readme-code.ts')
    await writeFile(file, `${hello.replace('await serve', 'export const served = serve')}\n`)
    const other = join(ROOT, 'test/docs/readme-travel.ts')
    await writeFile(other, travel)
    const third = join(ROOT, 'test/docs/readme-booking.ts')
    await writeFile(third, booking)
    const fourth = join(ROOT, 'test/docs/readme-call.ts')
    await writeFile(fourth, call)
    const fifth = join(ROOT, 'test/docs/readme-testing.ts')
    await writeFile(fifth, testing.replace('./booking.js', './readme-booking.js'))
    try {
      const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
      const flags = [
        '--ignoreConfig',
        '--noEmit',
        '--strict',
        '--module',
        'nodenext',
        '--target',
        'es2023',
        '--skipLibCheck',
        '--types',
        'node',
      ]
      await run(process.execPath, [tsc, ...flags, file, other, third, fourth, fifth], { cwd: ROOT }).catch(
        (error: { stdout?: string }) => {
          throw new Error(error.stdout)
        },
      )
    } finally {
      await Promise.all([file, other, third, fourth, fifth].map((each) => rm(each, { force: true })))
    }
  }, 60_000)

  it('calls: five lines read a stream', async () => {
    const file = join(ROOT, 'test/docs/readme-call.mjs')
    await writeFile(file, call.replace('http://127.0.0.1:4242', url))
    try {
      const { stdout } = await run(process.execPath, [file], { cwd: ROOT })
      expect(stdout).toContain('rain')
    } finally {
      await rm(file, { force: true })
    }
  }, 60_000)

  it('serves: six lines are an agent', async () => {
    const file = join(ROOT, 'test/docs/readme-serve.mjs')
    const db = join(directory, 'hello.db')
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
