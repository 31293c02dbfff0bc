/** The bus over a NATS server that goes away, does not read, refuses, or brings nonsense. */
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from '@nats-io/transport-node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { NatsLink } from '../../src/bus/nats/link.js'
import { NatsBus } from '../../src/bus/nats/nats-bus.js'
import type { NatsOptions } from '../../src/bus/nats/options.js'
import { subjectsOf } from '../../src/bus/nats/subjects.js'
import { silentLogger } from '../../src/internal/logger.js'
import { chunk, end, newKey, next, seqs } from '../contract/bus/contract.js'
import { keptLargeValues } from '../support/large-values.js'
import { type NatsServer, natsMissing, startNats } from '../support/nats.js'
import { eventually } from '../support/reading.js'
import { testLogger } from '../support/servers.js'

const stops: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

async function server(args?: readonly string[]): Promise<NatsServer> {
  const started = await startNats(args)
  stops.push(() => started.stop())
  return started
}

async function bus(options: NatsOptions): Promise<NatsBus> {
  const opened = await NatsBus.open({
    ...options,
    namespace: 'default',
    logger: testLogger,
    largeValues: keptLargeValues(),
  })
  stops.push(() => opened.close())
  return opened
}

/** Both are connected, and what one publishes reaches the other. */
async function connected(here: NatsBus, there: NatsBus): Promise<void> {
  const key = newKey()
  const subscription = here.subscribe(key)
  await eventually(() => {
    there.publish(end(key, 1))
    expect(subscription.isEmpty).toBe(false)
  }, 20_000)
  here.unsubscribe(key, subscription)
}

describe.skipIf(natsMissing !== '')(`NATS${natsMissing}`, () => {
  it('may be away at the start: the bus works as soon as it is there', async () => {
    const nats = await server()
    await nats.kill()
    const [here, there] = [await bus({ servers: nats.url }), await bus({ servers: nats.url })]
    expect([here.hearsOthers, await here.request(newKey())]).toEqual([false, undefined])
    const key = newKey()
    const subscription = here.subscribe(key)
    await nats.restart()
    await connected(here, there)
    there.publish(chunk(key, 1))
    expect(seqs(await next(subscription))).toEqual([1])
    expect(here.hearsOthers).toBe(true)
  }, 40_000)

  it('may be killed: readers are told when it goes and when it is back, and what was said meanwhile is not sent late', async () => {
    const nats = await server()
    const [here, there] = [await bus({ servers: nats.url }), await bus({ servers: nats.url })]
    await connected(here, there)
    const key = newKey()
    const subscription = here.subscribe(key)
    const lost = subscription.readable()
    await nats.kill()
    await lost
    expect([here.hearsOthers, subscription.isEmpty]).toEqual([false, true])
    await eventually(() => expect(there.hearsOthers).toBe(false))
    for (let seq = 1; seq <= 1_000; seq += 1) there.publish(chunk(key, seq))
    const back = subscription.readable()
    await nats.restart()
    await back
    await connected(here, there)
    expect(subscription.isEmpty).toBe(true)
    there.publish(chunk(key, 1_001))
    expect(seqs(await next(subscription))).toEqual([1_001])
  }, 40_000)

  it('may stop reading: a bounded amount waits for it, the rest is dropped, and it is found to be gone', async () => {
    const nats = await server()
    const link = await NatsLink.open({ nats: { servers: nats.url }, logger: silentLogger, onChange: () => {} })
    stops.push(() => link.close())
    await nats.freeze()
    const payload = Buffer.alloc(64 * 1024)
    const outcomes = new Map<string, number>()
    for (let i = 0; i < 1_000; i += 1) {
      const sent = link.publish('a2a.v1.event.x', payload)
      outcomes.set(sent, (outcomes.get(sent) ?? 0) + 1)
      if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    const mebibytes = ((outcomes.get('sent') ?? 0) * payload.length) / 1_048_576
    expect(mebibytes).toBeGreaterThan(1)
    expect(mebibytes).toBeLessThanOrEqual(8)
    expect(outcomes.get('dropped')).toBeGreaterThan(500)
    await eventually(() => expect(link.connected).toBe(false), 25_000)
    nats.thaw()
    await eventually(() => expect(link.publish('a2a.v1.event.x', payload)).toBe('sent'), 15_000)
  }, 60_000)

  it('takes no message above its limit: readers are told to look for themselves', async () => {
    const nats = await server()
    const [here, there] = [await bus({ servers: nats.url }), await bus({ servers: nats.url })]
    await connected(here, there)
    const key = newKey()
    const subscription = here.subscribe(key)
    there.own(key, {
      picture: () => ({ turn: 1, attempt: 1, seq: 1, artifacts: [{ artifactId: 'a', parts: [{ text: large }] }] }),
      cancelHint: () => {},
    })
    const large = 'x'.repeat(2_000_000)
    await eventually(() => {
      there.publish(end(key, 0))
      expect(subscription.isEmpty).toBe(false)
    })
    const last = end(key, 3)
    there.publish(chunk(key, 1, large))
    there.publish({ ...last, task: { ...last.task, artifacts: [{ artifactId: 'a', parts: [{ text: large }] }] } })
    let got = await next(subscription)
    while (got[0]?.cursor.seq === 0) got = await next(subscription)
    expect(got).toMatchObject([{ cursor: last.cursor, event: last.event }])
    expect(got[0]?.task).toBeUndefined()
    const told = subscription.readable()
    there.publish(chunk(key, 4, large))
    await told
    expect(subscription.isEmpty).toBe(true)
    expect(await here.request(key)).toBeUndefined()
  })

  it('may bring anything: readers see what makes sense', async () => {
    const nats = await server()
    const [here, there] = [await bus({ servers: nats.url }), await bus({ servers: nats.url })]
    await connected(here, there)
    const raw = await connect({ servers: `127.0.0.1:${nats.port}` })
    const key = newKey()
    const subscription = here.subscribe(key)
    let canceled = false
    const picture = { turn: 1, attempt: 1, seq: 0, artifacts: [] }
    there.own(key, { picture: () => picture, cancelHint: () => (canceled = true) })
    await eventually(async () => expect(await here.request(key)).toEqual(picture))
    const subjects = subjectsOf('default', key)
    for (const nonsense of ['', '{', 'null', '{"v":1}', '{"v":1,"event":{"message":{}}}', '\u0000'.repeat(1_000)]) {
      for (const subject of Object.values(subjects)) raw.publish(subject, nonsense, { reply: 'a2a.v1.inbox.x' })
    }
    await raw.flush()
    there.publish(chunk(key, 1))
    expect(seqs(await next(subscription))).toEqual([1])
    expect(await here.request(key)).toEqual(picture)
    expect(canceled).toBe(false)
    await raw.close()
  })

  it('serves those with the right password, who need no more than the subjects a2a.v1.>', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'temporal-a2a-nats-'))
    stops.push(() => rm(directory, { recursive: true, force: true }))
    const file = join(directory, 'nats.conf')
    await writeFile(
      file,
      'authorization { users = [{ user: a2a, password: "s3cr:t", permissions: { publish: "a2a.v1.>", subscribe: "a2a.v1.>" } }] }',
    )
    const nats = await server(['-c', file])
    const url = (password: string) => `nats://a2a:${password}@127.0.0.1:${nats.port}`
    const [here, there] = [await bus({ servers: url('s3cr%3At') }), await bus({ servers: url('s3cr%3At') })]
    await connected(here, there)
    const key = newKey()
    there.own(key, { picture: () => ({ turn: 1, attempt: 1, seq: 0, artifacts: [] }), cancelHint: () => {} })
    await eventually(async () => expect(await here.request(key)).toBeDefined())
    const refused = await bus({ servers: url('wrong') }).catch((error: unknown) => error)
    expect(String(refused)).toMatch(/NATS cannot be used.*Authorization/i)
    expect(String(refused)).not.toContain('wrong')
  })

  describe('with TLS', () => {
    let directory: string
    const file = (name: string) => join(directory, name)

    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'temporal-a2a-nats-tls-'))
      const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' })
      await writeFile(file('ext'), 'subjectAltName=DNS:localhost\n')
      openssl(
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-days',
        '2',
        '-subj',
        '/CN=ca',
        '-keyout',
        'ca.key',
        '-out',
        'ca.pem',
      )
      for (const name of ['server', 'client']) {
        openssl(
          'req',
          '-newkey',
          'ec',
          '-pkeyopt',
          'ec_paramgen_curve:P-256',
          '-nodes',
          '-subj',
          `/CN=${name}`,
          '-keyout',
          `${name}.key`,
          '-out',
          `${name}.csr`,
        )
        openssl(
          'x509',
          '-req',
          '-days',
          '2',
          '-in',
          `${name}.csr`,
          '-CA',
          'ca.pem',
          '-CAkey',
          'ca.key',
          '-CAcreateserial',
          '-extfile',
          'ext',
          '-out',
          `${name}.pem`,
        )
      }
    })
    afterAll(() => rm(directory, { recursive: true, force: true }))

    it('trusts only whom it is told to, shows its certificate, and never falls back to plain text', async () => {
      const nats = await server([
        '--tlsverify',
        `--tlscert=${file('server.pem')}`,
        `--tlskey=${file('server.key')}`,
        `--tlscacert=${file('ca.pem')}`,
      ])
      const client = { caFile: file('ca.pem'), certFile: file('client.pem'), keyFile: file('client.key') }
      const servers = `tls://localhost:${nats.port}`
      await connected(
        await bus({ servers, ...client }),
        await bus({ servers: `nats://localhost:${nats.port}`, ...client }),
      )
      expect((await bus({ servers })).hearsOthers).toBe(false)
      const plain = await server()
      expect((await bus({ servers: `tls://localhost:${plain.port}` })).hearsOthers).toBe(false)
      await expect(bus({ servers, caFile: file('none.pem') })).rejects.toThrow(/a file for NATS cannot be read/)
    }, 30_000)
  })

  it.each([
    ['an address that is none', { servers: '4222' }, /nats:\/\/host:port/],
    ['another protocol', { servers: 'http://user:pass@x' }, /nats:\/\/host:port/],
    ['half a certificate', { servers: 'nats://x', certFile: 'x' }, /go together/],
  ])('refuses %s before it begins, and repeats no password', async (_, options, text) => {
    const error = await bus(options).catch((thrown: unknown) => thrown)
    expect(String(error)).toMatch(text)
    expect(String(error)).not.toContain('pass@')
  })
})
