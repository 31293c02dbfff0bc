/** Servers that do not start, because they would not be safe; and what the ones that do say in their logs: no secrets. */

import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type AgentMeta, type Authenticate, agent, apiKeys, jwt, type ServeOptions, serve } from '../../src/index.js'
import type { Logger } from '../../src/internal/logger.js'
import { AUDIENCE, ec, ISSUER, JWKS, nowSeconds, rsa, token } from '../support/issuer.js'
import { endAll, runCli } from '../support/processes.js'
import { startTestServer } from '../support/servers.js'

const CANARY = 'canary-9f1c7e5b2a'
const base = { issuer: ISSUER, audience: AUDIENCE, jwks: JWKS }
const key = { principal: 'alice', key: `${CANARY}-long-enough` }
const small = generateKeyPairSync('rsa', { modulusLength: 1024 })

/** What is wrong, how a server is asked for it, and what its one line says. */
const BAD: readonly (readonly [string, () => Partial<ServeOptions> & { meta?: Partial<AgentMeta> }, RegExp])[] = [
  ['all interfaces without authentication', () => ({ host: '0.0.0.0' }), /can be reached from other machines/],
  ['those of IPv6', () => ({ host: '::' }), /can be reached from other machines/],
  ['an address of the network', () => ({ host: '192.0.2.1' }), /can be reached from other machines/],
  ['a name of the network', () => ({ host: 'agents.example' }), /--allow-unauthenticated/],
  ['an empty list', () => ({ authenticate: [] }), /the list is empty/],
  ['something else', () => ({ authenticate: 'secret' as never }), /give jwt/],
  ['no keys', () => ({ authenticate: apiKeys({ keys: [] }) }), /at least one entry/],
  [
    'an entry without a key',
    () => ({ authenticate: apiKeys({ keys: [{ principal: 'a', key: undefined }] }) }),
    /is a variable not set/,
  ],
  [
    'an entry with both',
    () => ({ authenticate: apiKeys({ keys: [{ ...key, sha256: 'a'.repeat(64) }] }) }),
    /must not have both/,
  ],
  [
    'a short key',
    () => ({ authenticate: apiKeys({ keys: [{ principal: 'a', key: 'changeme' }] }) }),
    /20 to 1024 characters/,
  ],
  [
    'a hash that is none',
    () => ({ authenticate: apiKeys({ keys: [{ principal: 'a', sha256: CANARY }] }) }),
    /64 hexadecimal/,
  ],
  [
    'one key for two',
    () => ({ authenticate: apiKeys({ keys: [key, { ...key, principal: 'bob' }] }) }),
    /two entries have the same key/,
  ],
  ['a key of nobody', () => ({ authenticate: apiKeys({ keys: [{ ...key, principal: '' }] }) }), /principal must be/],
  [
    'a key of everybody',
    () => ({ authenticate: apiKeys({ keys: [{ ...key, principal: 'local' }] }) }),
    /without a credential/,
  ],
  [
    'a tenant that is too long',
    () => ({ authenticate: apiKeys({ keys: [{ ...key, tenant: 'x'.repeat(57) }] }) }),
    /longer than 56/,
  ],
  ['a key in the wrong header', () => ({ authenticate: apiKeys({ keys: [key], header: 'Cookie' }) }), /cannot be used/],
  ['no issuer', () => ({ authenticate: jwt({ ...base, issuer: '' }) }), /issuer must be/],
  ['no audience', () => ({ authenticate: jwt({ ...base, audience: [] }) }), /audience must be/],
  [
    'no keys to check with',
    () => ({ authenticate: jwt({ issuer: ISSUER, audience: AUDIENCE }) }),
    /exactly one of jwks and key/,
  ],
  ['keys in clear text', () => ({ authenticate: jwt({ ...base, jwks: 'http://id.example/jwks' }) }), /https URL/],
  ['the algorithm none', () => ({ authenticate: jwt({ ...base, algorithms: ['none'] }) }), /"none" cannot be used/],
  [
    'a secret algorithm with public keys',
    () => ({ authenticate: jwt({ ...base, algorithms: ['RS256', 'HS256'] }) }),
    /"HS256" cannot be used/,
  ],
  ['much patience', () => ({ authenticate: jwt({ ...base, leewaySeconds: 3_600 }) }), /0 to 60/],
  [
    'a private key',
    () => ({ authenticate: jwt({ issuer: ISSUER, audience: AUDIENCE, key: ec.privateKey.export({ format: 'jwk' }) }) }),
    /is a private one/,
  ],
  [
    'a private key in PEM',
    () => ({
      authenticate: jwt({
        issuer: ISSUER,
        audience: AUDIENCE,
        key: rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
      }),
    }),
    /is a private key/,
  ],
  [
    'private keys in a set',
    () => ({ authenticate: jwt({ ...base, jwks: { keys: [rsa.privateKey.export({ format: 'jwk' })] } }) }),
    /is a private one/,
  ],
  [
    'a weak key',
    () => ({
      authenticate: jwt({
        issuer: ISSUER,
        audience: AUDIENCE,
        key: small.publicKey.export({ type: 'spki', format: 'pem' }) as string,
      }),
    }),
    /at least 2048 bits/,
  ],
  [
    'a weak key in a set',
    () => ({ authenticate: jwt({ ...base, jwks: { keys: [small.publicKey.export({ format: 'jwk' })] } }) }),
    /at least 2048 bits/,
  ],
  [
    'a short secret',
    () => ({ authenticate: jwt({ issuer: ISSUER, audience: AUDIENCE, key: { kty: 'oct', k: 'c2VjcmV0' } }) }),
    /at least 32 bytes/,
  ],
  [
    'a key of another kind',
    () => ({
      authenticate: jwt({
        issuer: ISSUER,
        audience: AUDIENCE,
        key: ec.publicKey.export({ format: 'jwk' }),
        algorithms: ['RS256'],
      }),
    }),
    /cannot be used with RS256/,
  ],
  [
    'a text that is no key',
    () => ({ authenticate: jwt({ issuer: ISSUER, audience: AUDIENCE, key: CANARY }) }),
    /cannot be used with/,
  ],
  [
    'two issuers that could mean one caller',
    () => ({ authenticate: [jwt(base), jwt({ ...base, issuer: 'https://other.example', name: 'other' })] }),
    /two issuers/,
  ],
  [
    'two schemes of one name',
    () => ({ authenticate: [jwt({ ...base, tenant: 'org' }), apiKeys({ keys: [key], name: 'bearer' })] }),
    /two security schemes are called bearer/,
  ],
  [
    'a function, and agents that do not say how',
    () => ({ authenticate: () => undefined }),
    /securitySchemes has to say/,
  ],
  [
    'an agent that declares more',
    () => ({ authenticate: jwt(base), meta: { securitySchemes: { mtls: { mtlsSecurityScheme: {} } } } }),
    /does not enforce the security scheme "mtls"/,
  ],
  [
    'an agent that requires what nobody checks',
    () => ({ authenticate: jwt(base), meta: { securityRequirements: [{ schemes: { oauth: {} } }] } }),
    /"oauth" is required/,
  ],
  [
    'an agent that requires nothing',
    () => ({ authenticate: jwt(base), meta: { securityRequirements: [{ schemes: {} }] } }),
    /must name one scheme/,
  ],
  [
    'an agent that requires two at once',
    () => ({
      authenticate: [jwt(base), apiKeys({ keys: [key] })],
      meta: { securityRequirements: [{ schemes: { bearer: {}, apiKey: {} } }] },
    }),
    /must name one scheme/,
  ],
]

describe('a server does not start with', () => {
  it.each(BAD)('%s', async (_, options, line) => {
    const start = async () => {
      const { meta, ...rest } = options()
      const one = agent({ id: 'one', ...meta }, () => '')
      return serve({ agents: [one], engine: 'memory', port: 0, ...rest })
    }
    const error = await start().then(
      async (served) => {
        await served.stop()
        return new Error('it started')
      },
      (thrown: Error) => thrown,
    )
    expect(error.message).toMatch(line)
    expect(error.message).not.toContain('\n')
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(CANARY)
  })
})

describe('the command line', () => {
  let directory: string
  let keys: string

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'temporal-a2a-auth-'))
    keys = join(directory, 'keys.json')
  })
  afterEach(endAll)
  afterAll(() => rm(directory, { recursive: true, force: true }))

  const serveArgs = (...args: string[]) => [
    'serve',
    'examples/agents.ts',
    '--engine',
    'memory',
    '--port',
    '0',
    '--json',
    ...args,
  ]

  it.each([
    ['listen to other machines without authentication', ['--host', '0.0.0.0'], 'can be reached from other machines'],
    ['take half of what tokens need', ['--jwt-issuer', ISSUER], '--jwt-issuer, --jwt-audience and --jwks go together'],
    ['take keys out of no file', ['--api-keys-file', 'none.json'], '--api-keys-file none.json is no file with JSON'],
  ])('refuses to %s, in one line', async (_, args, text) => {
    const cli = runCli(serveArgs(...args))
    expect(await cli.ended).toBe(1)
    expect(cli.stderr()).toContain(text)
    expect(cli.stderr().trim().split('\n')).toHaveLength(1)
  })

  it('makes a key, and serves its owner on every interface', async () => {
    const made = runCli(['api-key', 'billing', '--tenant', 'acme', '--role', 'robot', '--json'])
    const { key: secret, entry } = await made.json<{ key: string; entry: object }>()
    expect(await made.ended).toBe(0)
    expect(JSON.stringify(entry)).not.toContain(secret)
    await writeFile(keys, JSON.stringify([entry]))
    const cli = runCli(serveArgs('--host', '0.0.0.0', '--api-keys-file', keys))
    const { port } = await cli.json<{ port: number }>()
    const ask = async (headers: Record<string, string>) =>
      (await fetch(`http://127.0.0.1:${port}/tasks`, { headers })).status
    expect([await ask({ 'x-api-key': secret }), await ask({}), await ask({ 'x-api-key': `${secret}x` })]).toEqual([
      200, 401, 401,
    ])
    cli.kill('SIGTERM')
    expect(await cli.ended).toBe(0)
  })

  it('may be told that something in front does it', async () => {
    const cli = runCli(serveArgs('--host', '0.0.0.0'), { TEMPORAL_A2A_ALLOW_UNAUTHENTICATED: 'true' })
    const { port } = await cli.json<{ port: number }>()
    expect((await fetch(`http://127.0.0.1:${port}/tasks`)).status).toBe(200)
    cli.kill('SIGTERM')
    expect(await cli.ended).toBe(0)
  })
})

describe('logs', () => {
  it('hold no credential, good or bad, and nothing of what is in one', async () => {
    const lines: string[] = []
    const write = (fields: object, message: string) => {
      lines.push(inspect([fields, message], { depth: 12, showHidden: true, maxStringLength: 100_000 }))
    }
    const logger: Logger = { debug: write, info: write, warn: write, error: write }
    const broken: Authenticate = ({ header }) => {
      if (header('x-broken') !== undefined) throw new Error('down')
      return undefined
    }
    const server = await startTestServer({
      engine: 'memory',
      agents: [agent({ id: 'one' }, () => 'done')],
      logger,
      authenticate: [jwt(base), apiKeys({ keys: [key] }), broken],
    })
    try {
      const sent = [
        { authorization: `Bearer ${token({ note: CANARY })}` },
        { authorization: `Bearer ${token({ note: CANARY, exp: nowSeconds() - 600 })}` },
        { authorization: `Bearer ${token({ note: CANARY, aud: CANARY })}` },
        { authorization: `Bearer ${token({ sub: `${CANARY}\n` })}` },
        { authorization: `Bearer ${token({}, {}, 'stranger')}` },
        { authorization: `Bearer ${CANARY}` },
        { authorization: `Basic ${CANARY}` },
        { 'x-api-key': key.key },
        { 'x-api-key': `${CANARY}-but-another-one` },
        { 'x-broken': '1', authorization: `Bearer ${CANARY}` },
      ]
      const statuses = []
      for (const headers of sent) statuses.push((await fetch(`${server.url}/tasks`, { headers })).status)
      expect(statuses).toEqual([200, 401, 401, 401, 401, 401, 401, 200, 401, 503])
      const all = lines.join('\n')
      // There is something in it: why each was refused.
      expect(all).toContain('ERR_JWT_EXPIRED')
      expect(all).toContain('ERR_JWS_SIGNATURE_VERIFICATION_FAILED')
      const secrets = [
        CANARY,
        ...sent.flatMap((headers) => Object.values(headers)).filter((value) => value.length > 10),
      ]
      for (const secret of secrets) expect(all).not.toContain(secret.replace(/^Bearer /, ''))
    } finally {
      await server.stop()
    }
  })
})
