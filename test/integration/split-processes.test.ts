/** Gateways and workers as processes of their own: found, handed over, restarted under load. */
import { setTimeout as delay } from 'node:timers/promises'
import { Client, Connection } from '@temporalio/client'
import { afterEach, describe, expect, inject, it } from 'vitest'
import type { TaskJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { taskKey } from '../../src/bus/live-event.js'
import { type NatsServer, natsMissing, startNats } from '../support/nats.js'
import { followToTheEnd, words } from '../support/persistent-reader.js'
import { type Cli, endAll } from '../support/processes.js'
import { all, eventually, send, stateOf, streamedText, taskOf, textOf } from '../support/reading.js'
import { type GatewayCli, type SplitOptions, SplitSite } from '../support/split-processes.js'
import { wireNamed } from '../support/wires.js'

const temporalAddress = inject('temporalAddress')
let site: SplitSite | undefined
let nats: NatsServer | undefined

afterEach(async () => {
  await endAll()
  await nats?.stop()
  await site?.remove()
  nats = undefined
  site = undefined
})

async function open(options: SplitOptions): Promise<SplitSite> {
  site = await SplitSite.create(options)
  return site
}

describe('gateway and worker', () => {
  it('find each other by the database alone, in any order; any gateway answers any request', async () => {
    const { gateway, worker } = bound(await open({}))
    const w = await worker()
    const [first, second] = [await gateway(), await gateway()]
    const [one, other] = [wireNamed('rest', first.url), wireNamed('rest', second.url)]
    const headers = { 'idempotency-key': 'one' }
    const request = send('3 1')
    const answers = await Promise.all(
      [one, other].map(async (wire) => taskOf(await wire.call('sendMessage', request, { headers }))),
    )
    expect(answers.map(textOf)).toEqual([words(3), words(3)])
    expect(answers[0]?.id).toBe(answers[1]?.id)
    const page = await one.call('listTasks', { pageSize: 1 })
    expect((page.tasks as { id: string }[]).map(({ id }) => id)).toEqual([answers[0]?.id])
    const running = taskOf(await one.call('sendMessage', send('50 50', IMMEDIATELY)))
    const events = await all(other.stream('subscribeToTask', { id: running.id }))
    expect(streamedText(events)).toBe(words(50))
    for (const each of [first, second, w]) each.kill('SIGTERM')
    expect(await Promise.all([first, second, w].map(({ ended }) => ended))).toEqual([0, 0, 0])
    for (const each of [first, second, w]) expect(each.stderr()).not.toContain('"level":50')
  }, 60_000)

  it.each([
    [
      'a shared Temporal without a secret',
      ['gateway'],
      { TEMPORAL_A2A_SECRET: '' },
      /all gateways need one secret.*openssl rand/,
    ],
    [
      'a secret that is too short',
      ['gateway'],
      { TEMPORAL_A2A_SECRET: 'c2hvcnQ=' },
      /TEMPORAL_A2A_SECRET must be the base64 of at least 32/,
    ],
    ['a secret file that is not there', ['gateway', '--secret-file', '/none'], {}, /the secret cannot be read.*\/none/],
    ['options of NATS without its address', ['worker', '--nats-creds', 'x'], {}, /--nats nats:\/\/host:4222/],
    ['half a version', ['worker', '--build-id', '1'], { TEMPORAL_DEPLOYMENT_NAME: '' }, /go together/],
    ['a drain time that is none', ['worker', '--drain', 'soon'], {}, /must be seconds/],
  ])('refuse %s with one clear line', async (_, [command = '', ...args], env, text) => {
    const cli = (await open({ temporalAddress })).run(command, args, env)
    expect(await cli.ended).toBe(1)
    expect(cli.stderr()).toMatch(text)
    expect(cli.stderr()).not.toContain('    at ')
  })

  it('killed with large values in its checkpoint: the next worker goes on from them', async () => {
    const { gateway, worker } = bound(await open({ temporalAddress }))
    const [first, { url }] = [await worker(), await gateway()]
    const wire = wireNamed('rest', url)
    const asked = { ...send(`20 10 ${'m'.repeat(200_000)}`), ...IMMEDIATELY }
    const { id } = taskOf(await wire.call('sendMessage', asked, { agent: 'heavy' }))
    const read = async () => (await wire.call('getTask', { id }, { agent: 'heavy' })) as TaskJson
    await eventually(async () => expect(textOf(await read()).length).toBe(1_000_000), 20_000)
    first.kill('SIGKILL')
    await worker()
    const text = await eventually(async () => {
      const task = await read()
      expect(stateOf(task)).toBe('TASK_STATE_COMPLETED')
      return textOf(task)
    }, 30_000)
    const chunks = Array.from({ length: 20 }, (_, i) => `${i % 10}`.repeat(50_000)).join('')
    expect(text === `${chunks}${'r'.repeat(500_000)} another process 300000`, text.slice(-60)).toBe(true)
    const history = await new Client({ connection: await Connection.connect({ address: temporalAddress }) }).workflow
      .getHandle(taskKey({ tenant: '', agentId: 'heavy', taskId: id }))
      .describe()
    expect(history.historySize).toBeLessThan(32_768)
  }, 90_000)

  it('refuse a Temporal server that is not there, and say which', async () => {
    const { run } = bound(await open({ temporalAddress: '127.0.0.1:1' }))
    const [gateway, worker] = [run('gateway', []), run('worker', [])]
    expect(await Promise.all([gateway.ended, worker.ended])).toEqual([1, 1])
    for (const { stderr } of [gateway, worker]) expect(stderr()).toContain('no Temporal server answers at 127.0.0.1:1')
  }, 40_000)
})

describe('a worker that stops', () => {
  it('hands its turns over at once, and none of it counts as a failure of the agent', async () => {
    const { gateway, worker } = bound(await open({ temporalAddress }))
    const { url } = await gateway()
    let current = await worker()
    const client = new Client({ connection: await Connection.connect({ address: temporalAddress }) })
    const wire = wireNamed('rest', url)
    const { id } = taskOf(await wire.call('sendMessage', send('20 50 4', IMMEDIATELY)))
    const handle = client.workflow.getHandle(taskKey({ tenant: '', agentId: 'teller', taskId: id }))
    const running = async () => (await handle.describe()).raw.pendingActivities?.[0]
    for (const attempt of [1, 2, 3]) {
      const next = await worker()
      await eventually(async () => {
        expect(textOf(await wire.call('getTask', { id }))).toContain('w3 ')
        expect((await running())?.attempt).toBe(attempt)
      }, 15_000)
      current.kill('SIGTERM')
      expect(await current.ended).toBe(0)
      // Given back by the worker, not taken away from it after a silence.
      const info = await eventually(async () => {
        const now = await running()
        if (now !== undefined) expect(now.attempt).toBe(attempt + 1)
        return now
      }, 15_000)
      if (attempt < 3) expect(info?.lastFailure?.applicationFailureInfo?.type).toBe('WorkerShutdown')
      current = next
    }
    const task = await eventually(async () => {
      const now = await wire.call('getTask', { id })
      expect(stateOf(now)).toBe('TASK_STATE_COMPLETED')
      return now
    }, 15_000)
    expect(textOf(task)).toBe(words(20))
    await client.connection.close()
  }, 90_000)

  it('leaves a handler behind that does not listen', async () => {
    const { gateway, worker } = bound(await open({ temporalAddress }))
    const { url } = await gateway()
    const first = await worker()
    const wire = wireNamed('rest', url)
    const { id } = taskOf(await wire.call('sendMessage', send('x', IMMEDIATELY), { agent: 'deaf' }))
    await eventually(
      async () => expect(textOf(await wire.call('getTask', { id }, { agent: 'deaf' }))).toBe('begun '),
      15_000,
    )
    await worker()
    const begun = Date.now()
    first.kill('SIGTERM')
    expect(await first.ended).toBe(0)
    expect(Date.now() - begun).toBeLessThan(10_000)
    const task = await eventually(async () => {
      const now = await wire.call('getTask', { id }, { agent: 'deaf' })
      expect(stateOf(now)).toBe('TASK_STATE_COMPLETED')
      return now
    }, 15_000)
    expect(textOf(task)).toBe('begun on attempt 2')
  }, 60_000)

  it('lets turns go on for as long as it may', async () => {
    const { gateway, worker } = bound(await open({ temporalAddress }))
    const { url } = await gateway()
    const first = await worker(['--drain', '30'])
    const wire = wireNamed('rest', url)
    const { id } = taskOf(await wire.call('sendMessage', send('30 50', IMMEDIATELY)))
    await eventually(async () => expect(stateOf(await wire.call('getTask', { id }))).toBe('TASK_STATE_WORKING'), 15_000)
    first.kill('SIGTERM')
    expect(await first.ended).toBe(0)
    await worker()
    const task = await eventually(async () => {
      const now = await wire.call('getTask', { id })
      expect(stateOf(now)).toBe('TASK_STATE_COMPLETED')
      return now
    }, 15_000)
    expect(textOf(task)).toBe(words(30))
  }, 60_000)

  it('gives an inline turn to another worker', async () => {
    const { gateway, worker } = bound(await open({ temporalAddress }))
    const { url } = await gateway()
    const first = await worker()
    const answer = wireNamed('rest', url).call('sendMessage', send('x'), { agent: 'inline' })
    await delay(700)
    await worker()
    first.kill('SIGTERM')
    expect(await first.ended).toBe(0)
    expect(textOf(taskOf(await answer))).toBe('inline')
  }, 60_000)
})

describe('a gateway that stops', () => {
  it('says that it is not ready while it still serves, then closes', async () => {
    const { gateway } = bound(await open({ temporalAddress }))
    const cli = await gateway(0, ['--drain', '3'])
    expect((await fetch(`${cli.url}/readyz`)).status).toBe(200)
    cli.kill('SIGTERM')
    await eventually(async () => expect((await fetch(`${cli.url}/readyz`)).status).toBe(503))
    expect((await fetch(`${cli.url}/livez`)).status).toBe(200)
    expect((await fetch(`${cli.url}/agents/teller/.well-known/agent-card.json`)).status).toBe(200)
    expect(await cli.ended).toBe(0)
  }, 30_000)
})

describe('a rolling restart under load', () => {
  /** @param each how many of the two gateways, and of the two workers, are replaced */
  async function rolls(options: SplitOptions, each: number): Promise<void> {
    const { gateway, worker } = bound(await open({ temporalAddress, ...options }))
    let gateways: GatewayCli[] = [await gateway(), await gateway()]
    let workers: Cli[] = [await worker(), await worker()]
    const urls = () => gateways.map(({ url }) => url)
    let rolling = true
    const clients = Array.from({ length: 8 }, async (_, i) => {
      const tasks: Awaited<ReturnType<typeof followToTheEnd>>[] = []
      const inTurn = () => (i % 2 === 0 ? urls() : urls().reverse())
      do tasks.push(await followToTheEnd({ urls: inTurn, text: `${20 + i} 60` }))
      while (rolling)
      return tasks
    })
    for (const [i, old] of gateways.slice(0, each).entries()) {
      old.kill('SIGTERM')
      expect(await old.ended).toBe(0)
      gateways = gateways.with(i, await gateway(old.port))
    }
    for (const [i, old] of workers.slice(0, each).entries()) {
      old.kill('SIGTERM')
      expect(await old.ended).toBe(0)
      workers = workers.with(i, await worker())
    }
    rolling = false
    const followed = await Promise.all(clients)
    for (const [i, tasks] of followed.entries()) {
      for (const { state, text } of tasks) expect([state, text]).toEqual(['TASK_STATE_COMPLETED', words(20 + i)])
    }
    const tasks = followed.flat()
    expect(tasks.reduce((sum, { returns }) => sum + returns, 0)).toBeGreaterThan(0)
    expect(new Set(tasks.map(({ id }) => id)).size).toBe(tasks.length)
    await eventually(async () => {
      const { totalSize } = await wireNamed('rest', urls()[0] ?? '').call('listTasks', {
        status: 'TASK_STATE_COMPLETED',
      })
      expect(totalSize).toBe(tasks.length)
    }, 15_000)
  }

  it('loses no task and no word, without a bus', () => rolls({}, 1), 150_000)

  it.skipIf(natsMissing !== '')(
    `loses no task and no word, over NATS${natsMissing}`,
    async () => {
      nats = await startNats()
      await rolls({ nats: nats.url }, 2)
    },
    150_000,
  )
})

const IMMEDIATELY = { configuration: { returnImmediately: true } }

function bound(of: SplitSite) {
  return {
    gateway: (port?: number, args?: readonly string[]) => of.gateway(port, args),
    worker: (args?: readonly string[], env?: NodeJS.ProcessEnv) => of.worker(args, env),
    run: (...args: Parameters<SplitSite['run']>): Cli => of.run(...args),
  }
}
