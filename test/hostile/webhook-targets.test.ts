/** Webhooks that try to lead where they may not: verdicts against another implementation, and canaries nobody may reach. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { GATE_LIMITS, HostGate } from '../../src/push/host-gate.js'
import { createWebhookSender } from '../../src/push/send-webhook.js'
import { BlockedAddressError, connectToWebhook } from '../../src/push/webhook-connection.js'
import { checkWebhookTarget, webhookPolicy } from '../../src/push/webhook-policy.js'
import { fc, PROPERTY_SEED } from '../support/property.js'
import { isRequired } from '../support/required.js'
import { listenHttp, listenTcp, namedPolicy, plantCanary } from '../support/webhook-receivers.js'
import { type MadeWebhook, madeWebhooks, NAME } from './support/webhook-urls.js'

const never = new AbortController().signal
const ANY = { inFlight: 1e9, perSecond: 1e9 }
const BOUNDLESS = { ...GATE_LIMITS, maxInFlight: 1e9, perHost: ANY, perOwner: ANY }

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()))
})

async function canaryHere() {
  const canary = await plantCanary()
  open.push(canary)
  return canary
}

const python = spawnSync('python3', ['--version']).status === 0 || isRequired('python3')

/** `HOSTILE_FACTOR=200` makes a million. */
const RUNS = 5_000 * Number(process.env.HOSTILE_FACTOR ?? 1)
const BATCH = 5_000

describe('generated webhooks', () => {
  it.skipIf(!python)(
    `are judged as the oracle judges them: ${RUNS}, seed ${PROPERTY_SEED}`,
    { timeout: 1_800_000 },
    async () => {
      const canary = await canaryHere()
      const oracle = new Oracle()
      open.push(oracle)
      const gate = new HostGate(BOUNDLESS)
      const tally = { allowed: 0, blocked: 0 }
      for (let made = 0; made < RUNS; made += BATCH) {
        const webhooks = fc.sample(madeWebhooks(canary.port), { numRuns: BATCH, seed: PROPERTY_SEED + made })
        const [verdicts] = await Promise.all([oracle.judge(webhooks)])
        for (const [at, webhook] of webhooks.entries()) {
          const policy = namedPolicy(webhook.found === undefined ? {} : { [NAME]: webhook.found }, webhook.allow)
          const allowed = 'url' in (await checkWebhookTarget(webhook.url, policy))
          if (allowed !== (verdicts[at] === '1')) {
            throw new Error(`oracle ${verdicts[at]}, guard ${allowed} for ${JSON.stringify(webhook)}`)
          }
          tally[allowed ? 'allowed' : 'blocked'] += 1
          if (allowed) continue
          const answer = await createWebhookSender(policy, { gate }).send(
            { url: webhook.url, headers: {}, body: '' },
            never,
          )
          if (answer.kind !== 'blocked') throw new Error(`${answer.kind}: ${JSON.stringify(webhook)}`)
        }
      }
      process.stderr.write(
        `webhook-targets: ${tally.allowed} allowed, ${tally.blocked} blocked, ${canary.hits} canaries\n`,
      )
      expect(canary.hits).toBe(0)
      // Of both there are many.
      expect(Math.min(tally.allowed, tally.blocked)).toBeGreaterThan(RUNS / 20)
    },
  )
})

describe('a name that leads elsewhere later', () => {
  it('passes when it is registered and is blocked at the attempt', async () => {
    const canary = await canaryHere()
    for (const then of [['127.0.0.1'], ['::1'], ['93.184.216.34', '127.0.0.1'], ['::ffff:127.0.0.1']]) {
      let asked = 0
      const policy = namedPolicy({
        [NAME]: () => {
          asked += 1
          return asked === 1 ? ['93.184.216.34'] : then
        },
      })
      const url = `https://${NAME}:${canary.port}/`
      expect(await checkWebhookTarget(url, policy)).toHaveProperty('url')
      const answer = await createWebhookSender(policy).send({ url, headers: {}, body: '' }, never)
      expect(answer).toMatchObject({ kind: 'blocked', cause: 'blocked-address' })
      expect(asked).toBe(2)
    }
    expect(canary.hits).toBe(0)
  })

  it('is looked up once in an attempt, and connected to at what was judged', async () => {
    const canary = await canaryHere()
    let asked = 0
    const policy = namedPolicy(
      {
        [NAME]: () => {
          asked += 1
          return asked === 1 ? ['127.0.0.2'] : ['127.0.0.1']
        },
      },
      ['127.0.0.2'],
    )
    const sender = createWebhookSender(policy)
    // At the canary's port and another address: what the name led to first.
    const receiver = await listenHttp((_, response) => response.end(), undefined, '127.0.0.2', canary.port)
    open.push(receiver)
    const request = { url: `http://${NAME}:${canary.port}/`, headers: {}, body: '' }
    expect(await sender.send(request, never)).toMatchObject({ kind: 'delivered' })
    expect(asked).toBe(1)
    expect(await sender.send(request, never)).toMatchObject({ kind: 'blocked', cause: 'blocked-address' })
    expect(asked).toBe(2)
    expect(canary.hits).toBe(0)
  })

  it('is followed to no address that is not allowed when another one is dead', async () => {
    const canary = await canaryHere()
    const policy = namedPolicy({ [NAME]: ['127.0.0.3', '127.0.0.1'] }, ['127.0.0.3'])
    const request = { url: `http://${NAME}:${canary.port}/`, headers: {}, body: '' }
    expect(await createWebhookSender(policy).send(request, never)).toMatchObject({ kind: 'blocked' })
    expect(canary.hits).toBe(0)
  })
})

it('a name with many addresses has few of them tried', async () => {
  let reached = 0
  const late = await listenTcp(() => {
    reached += 1
  }, '127.0.0.99')
  open.push(late)
  const addresses = Array.from({ length: 98 }, (_, at) => `127.0.0.${at + 2}`)
  const policy = namedPolicy({ [NAME]: addresses }, ['127.0.0.0/8'])
  const request = { url: `http://${NAME}:${late.port}/`, headers: {}, body: '' }
  expect(await createWebhookSender(policy).send(request, never)).toMatchObject({ cause: 'connection-refused' })
  expect(reached).toBe(0)
})

describe('a connection', () => {
  it.each(['http', 'https'])('that came about where it may not is cut before a byte is sent: %s', async (scheme) => {
    let heard = 0
    const connected = Promise.withResolvers<void>()
    const server = await listenTcp((socket) => {
      socket.on('data', (data) => {
        heard += data.length
      })
      socket.once('close', () => connected.resolve())
    })
    open.push(server)
    // As if everything before had been passed by.
    const socket = connectToWebhook(new URL(`${scheme}://127.0.0.1:${server.port}/`), webhookPolicy())
    socket.write('POST / HTTP/1.1\r\n\r\n')
    const [error] = await once(socket, 'error')
    expect(error).toBeInstanceOf(BlockedAddressError)
    await connected.promise
    expect(heard).toBe(0)
  })
})

/** A process of the other implementation. */
class Oracle {
  private readonly process: ChildProcess
  private readonly lines: AsyncIterator<string>

  constructor() {
    const script = fileURLToPath(new URL('./support/webhook-oracle.py', import.meta.url))
    this.process = spawn('python3', [script], { stdio: ['pipe', 'pipe', 'inherit'] })
    const { stdout } = this.process
    if (stdout === null) throw new Error('the oracle has no output')
    this.lines = createInterface({ input: stdout })[Symbol.asyncIterator]()
  }

  /** One of 0 and 1 for each. */
  async judge(webhooks: readonly MadeWebhook[]): Promise<string> {
    this.process.stdin?.write(`${JSON.stringify(webhooks.map(({ facts }) => facts))}\n`)
    const { value = '' } = await this.lines.next()
    return value
  }

  async close(): Promise<void> {
    this.process.kill()
  }
}
