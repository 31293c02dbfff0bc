/** `temporal-a2a serve` as a newcomer uses it: start, call, kill, start again. */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isRunning } from '../../src/temporal/embedded/process-info.js'
import { endAll, runCli } from '../support/processes.js'
import { all, eventually, outline, send, stateOf, streamedText, taskOf, textOf } from '../support/reading.js'
import { wireNamed } from '../support/wires.js'

interface Banner {
  readonly url: string
  readonly temporal: { readonly address: string } | null
  readonly warnings: readonly string[]
}

const ESSAY =
  'About rain: A task begins when its first message is safely written down. From then on every process may die, and the task goes on. What was promised is kept, and what was said is not said twice. '

let directory: string
let db: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'temporal-a2a-serve-'))
  db = join(directory, 'a2a.db')
})

afterEach(async () => {
  await endAll()
  await rm(directory, { recursive: true, force: true })
})

function serveExamples(...args: string[]) {
  return runCli(['serve', 'examples/agents.ts', '--port', '0', '--db', db, ...args])
}

async function temporalPid(): Promise<number> {
  return (JSON.parse(await readFile(`${db}.temporal.state.json`, 'utf8')) as { pid: number }).pid
}

describe('serve', () => {
  it('prints a line that works when pasted, stops cleanly on Ctrl-C, and finds its tasks again', async () => {
    const first = serveExamples()
    await first.said('try ')
    const line = /try\s+(curl .*)/.exec(first.stdout())?.[1] ?? ''
    const answer = execFileSync('bash', ['-c', line], { encoding: 'utf8' })
    expect(answer).toContain('"TASK_STATE_COMPLETED"')
    const pid = await temporalPid()
    const begun = Date.now()
    first.kill('SIGINT')
    expect(await first.ended).toBe(0)
    expect(Date.now() - begun).toBeLessThan(5_000)
    expect(isRunning(pid)).toBe(false)
    expect(first.stderr()).not.toMatch(/error|warn/i)

    const second = serveExamples('--json')
    const { url } = await second.json<Banner>()
    const { tasks } = await wireNamed('rest', url).call('listTasks', { includeArtifacts: true })
    expect((tasks as object[]).map((task) => stateOf(task))).toEqual(['TASK_STATE_COMPLETED'])
    second.kill('SIGTERM')
    expect(await second.ended).toBe(0)
  }, 40_000)

  it('finishes a task whose process was killed in the middle of a sentence', async () => {
    const first = serveExamples('--json')
    const wire = wireNamed('jsonrpc', (await first.json<Banner>()).url)
    const { id } = taskOf(await wire.call('sendMessage', send('rain', { configuration: { returnImmediately: true } })))
    await eventually(async () => expect(textOf(await wire.call('getTask', { id }))).toContain('safely'))
    first.kill('SIGKILL')
    await first.ended

    const second = serveExamples('--json')
    const { url } = await second.json<Banner>()
    const again = wireNamed('grpc', url)
    const events = await all(again.stream('subscribeToTask', { id }))
    expect(outline(events).at(-1)).toBe('status COMPLETED')
    expect(streamedText(events)).toBe(ESSAY)
    const task = await again.call('getTask', { id })
    expect(textOf(task)).toBe(ESSAY)
    expect((task as { artifacts: object[] }).artifacts).toHaveLength(2)
    second.kill('SIGTERM')
    expect(await second.ended).toBe(0)
  }, 60_000)

  it('shares the Temporal server of another process on the same database', async () => {
    const first = serveExamples('--json')
    const { temporal } = await first.json<Banner>()
    const second = serveExamples('--json')
    expect((await second.json<Banner>()).temporal?.address).toBe(temporal?.address)
    first.kill('SIGTERM')
    expect(await first.ended).toBe(0)
    const { url } = await second.json<Banner>()
    await eventually(async () => expect((await fetch(`${url}/readyz`)).status).toBe(200), 15_000)
    const task = taskOf(await wireNamed('rest', url).call('sendMessage', send('still here', { tenant: 'echo' })))
    expect(textOf(task)).toBe('Echo: still here')
    second.kill('SIGTERM')
    expect(await second.ended).toBe(0)
    expect(existsSync(db)).toBe(true)
  }, 40_000)

  it('takes a secret, which makes one task of one idempotency key for all that share Temporal; warns without', async () => {
    const secret = randomBytes(32).toString('base64')
    const file = join(directory, 'secret')
    await writeFile(file, secret)
    const first = await serveExamples('--json', '--secret-file', file).json<Banner>()
    const elsewhere = (name: string, env: NodeJS.ProcessEnv, ...args: string[]) => {
      const own = ['--db', join(directory, name), '--temporal-address', first.temporal?.address ?? '']
      return runCli(['serve', 'examples/agents.ts', '--port', '0', '--json', ...own, ...args], env)
    }
    const second = elsewhere('second.db', { TEMPORAL_A2A_SECRET: secret })
    const shared = await second.json<Banner>()
    const message = send('once', { tenant: 'echo' })
    const once = async ({ url }: Banner) => {
      const headers = { 'idempotency-key': 'one' }
      return taskOf(await wireNamed('rest', url).call('sendMessage', message, { headers })).id
    }
    expect(await once(shared)).toBe(await once(first))
    expect([first.warnings, shared.warnings]).toEqual([[], []])
    expect(second.stderr()).toBe('')

    const third = elsewhere('third.db', {})
    const { warnings } = await third.json<Banner>()
    expect(warnings).toEqual([expect.stringMatching(/may be shared, and no secret was given.*TEMPORAL_A2A_SECRET/)])
    expect(third.stderr()).toContain(warnings[0])
  }, 40_000)

  it('runs without Temporal when asked to, and says what that means', async () => {
    const cli = serveExamples('--engine', 'memory')
    await cli.said('try ')
    expect(cli.stdout()).toContain('NOT durable')
    cli.kill('SIGINT')
    expect(await cli.ended).toBe(0)
    expect(existsSync(`${db}.temporal`)).toBe(false)
  })

  it.each([
    ['no such file', ['serve', 'none.ts'], 'none.ts: no such file'],
    ['no agent in the file', ['serve', 'vitest.config.ts'], 'exports no agent'],
    ['a port that is none', ['serve', 'examples/agents.ts', '--port', '70000'], 'must be 0 to 65535'],
    ['half of TLS', ['serve', 'examples/agents.ts', '--engine', 'memory', '--tls-cert', 'x'], 'go together'],
  ])('refuses %s with one clear line', async (_, args, text) => {
    const cli = runCli(args)
    expect(await cli.ended).toBe(1)
    expect(cli.stderr()).toContain(text)
    expect(cli.stderr()).not.toContain('    at ')
  })

  it('says that its port is in use before it starts Temporal, and what to do', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    const cli = runCli(['serve', 'examples/agents.ts', '--db', db, '--port', String(port)])
    expect(await cli.ended).toBe(1)
    expect(cli.stderr()).toBe(`127.0.0.1:${port} is in use; choose another one, or 0 for any that is free (--port)\n`)
    expect(existsSync(`${db}.temporal`)).toBe(false)
    taken.close()
  })

  it('is not opened to other machines by a variable that says no', async () => {
    const cli = runCli(['serve', 'examples/agents.ts', '--engine', 'memory', '--host', '0.0.0.0', '--port', '0'], {
      TEMPORAL_A2A_ALLOW_UNAUTHENTICATED: 'false',
    })
    expect(await cli.ended).toBe(1)
    expect(cli.stderr()).toContain('host 0.0.0.0 can be reached from other machines')
  })

  it('refuses two agents with one id, and says what to do', async () => {
    const file = join(directory, 'twice.ts')
    const agentUrl = new URL('../../dist/src/index.js', import.meta.url).href
    await writeFile(
      file,
      `import { agent } from ${JSON.stringify(agentUrl)}\nexport const a = agent({ id: 'x' }, () => 'a')\nexport const b = agent({ id: 'x' }, () => 'b')\n`,
    )
    const cli = runCli(['serve', file, '--engine', 'memory'])
    expect(await cli.ended).toBe(1)
    expect(cli.stderr()).toContain('two agents have the id "x"; give one of them another')
  })
})
