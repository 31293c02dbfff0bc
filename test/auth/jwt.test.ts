/** Tokens of every kind at a server: which are taken, and that all others are the same to their sender. */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { agent, type JwtOptions, jwt } from '../../src/index.js'
import { type Logger, silentLogger } from '../../src/internal/logger.js'
import {
  AUDIENCE,
  base64url,
  ec,
  good,
  hmac,
  ISSUER,
  JWKS,
  nowSeconds,
  rsa,
  signed,
  strangerJwk,
  token,
} from '../support/issuer.js'
import { startTestServer, type TestServer } from '../support/servers.js'

const who = agent({ id: 'who', run: 'direct' }, (_, { caller }) => JSON.stringify(caller))

const base: JwtOptions = { issuer: ISSUER, audience: AUDIENCE, jwks: JWKS }

async function started(options: Partial<JwtOptions> = {}, logger: Logger = silentLogger): Promise<TestServer> {
  const { jwks: _, ...others } = base
  const whole = 'key' in options ? { ...others, ...options } : { ...base, ...options }
  return startTestServer({ engine: 'memory', agents: [who], authenticate: jwt(whole), logger })
}

interface Answer {
  readonly status: number
  readonly challenge: string | null
  readonly text: string
}

/** @param authorization the whole header; undefined sends none */
async function ask(url: string, authorization: string | undefined): Promise<Answer> {
  const response = await fetch(`${url}/message:send`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(authorization === undefined ? {} : { authorization }) },
    body: JSON.stringify({ message: { messageId: 'm', role: 'ROLE_USER', parts: [{ text: 'who am I' }] } }),
  })
  return { status: response.status, challenge: response.headers.get('www-authenticate'), text: await response.text() }
}

async function callerOf(url: string, good: string): Promise<unknown> {
  const { status, text } = await ask(url, `Bearer ${good}`)
  expect(status, text).toBe(200)
  return JSON.parse(JSON.parse(text).message.parts[0].text)
}

const spki = rsa.publicKey.export({ type: 'spki', format: 'pem' }) as string
const now = nowSeconds()
const [head = '', body = '', sig = ''] = token().split('.')
const flipped = `${sig.slice(0, -2)}${sig.endsWith('AA') ? 'BB' : 'AA'}`

/** What each is, and the header Authorization that brings it. */
const BAD: readonly (readonly [string, string | undefined])[] = [
  ['nothing', undefined],
  ['an empty header', ''],
  ['another scheme', 'Basic YWxpY2U6cGFzc3dvcmQ='],
  ['no token', 'Bearer '],
  ['two tokens', `Bearer ${token()} ${token()}`],
  ['a token without the scheme', token()],
  ['no JWT', 'Bearer abc'],
  ['two parts', `Bearer ${head}.${body}`],
  ['four parts', `Bearer ${token()}.x`],
  ['an encrypted token', `Bearer ${base64url('{"alg":"dir","enc":"A256GCM"}')}..aaaa.bbbb.cccc`],
  ['more than any token has', `Bearer ${token({ pad: 'x'.repeat(20_000) })}`],
  ['a header that is no JSON', `Bearer ${signed('no', good())}`],
  ['a header that is a list', `Bearer ${signed('[]', good())}`],
  ['a payload that is no JSON', `Bearer ${signed({ alg: 'ES256', kid: 'ec' }, 'no')}`],
  ['a payload that is a list', `Bearer ${signed({ alg: 'ES256', kid: 'ec' }, '[]')}`],
  [
    'a payload nested deep',
    `Bearer ${signed({ alg: 'ES256', kid: 'ec' }, `${'['.repeat(5_000)}${']'.repeat(5_000)}`)}`,
  ],
  ['alg none', `Bearer ${base64url('{"alg":"none","typ":"JWT"}')}.${body}.`],
  ['alg NONE', `Bearer ${base64url('{"alg":"NONE","typ":"JWT"}')}.${body}.`],
  ['alg none with a signature', `Bearer ${base64url('{"alg":"none","typ":"JWT"}')}.${body}.${sig}`],
  ['no alg', `Bearer ${signed({ kid: 'ec' }, good())}`],
  ['an alg that nobody knows', `Bearer ${signed({ alg: 'XS256', kid: 'ec' }, good())}`],
  ['HS256 with the RSA key in PEM', `Bearer ${hmac({ alg: 'HS256', kid: 'rsa' }, good(), spki)}`],
  [
    'HS256 with the RSA modulus',
    `Bearer ${hmac({ alg: 'HS256', kid: 'rsa' }, good(), Buffer.from(String(JWKS.keys[0]?.n), 'base64url'))}`,
  ],
  ['HS256 with an empty secret', `Bearer ${hmac({ alg: 'HS256' }, good(), '')}`],
  ['HS512', `Bearer ${hmac({ alg: 'HS512', kid: 'ec' }, good(), 'secret', 'sha512')}`],
  ['RS256 by the key of ES256', `Bearer ${signed({ alg: 'RS256', kid: 'ec' }, good())}`],
  ['ES256 with the kid of the RSA key', `Bearer ${signed({ alg: 'ES256', kid: 'rsa' }, good())}`],
  ['ES384 by the key of P-256', `Bearer ${signed({ alg: 'ES384', kid: 'ec' }, good())}`],
  ['a stranger with our kid', `Bearer ${token({}, {}, 'stranger')}`],
  ['a stranger without kid', `Bearer ${token({}, { kid: undefined }, 'stranger')}`],
  ['a stranger who brings the key', `Bearer ${token({}, { jwk: strangerJwk }, 'stranger')}`],
  ['a stranger who says where the keys are', `Bearer ${token({}, { jku: 'http://127.0.0.1:9/jwks' }, 'stranger')}`],
  ['a stranger with a certificate', `Bearer ${token({}, { x5u: 'http://127.0.0.1:9/x', x5c: ['MIIB'] }, 'stranger')}`],
  ['a kid that is a path', `Bearer ${token({}, { kid: '../../../../dev/null' })}`],
  ['a kid that is SQL', `Bearer ${token({}, { kid: "ec' OR '1'='1" })}`],
  ['a kid that is none', `Bearer ${token({}, { kid: 'nobody' })}`],
  ['a kid that is __proto__', `Bearer ${token({}, { kid: '__proto__' })}`],
  ['a flipped signature', `Bearer ${head}.${body}.${flipped}`],
  ['a signature cut off', `Bearer ${head}.${body}.${sig.slice(0, 20)}`],
  ['an empty signature', `Bearer ${head}.${body}.`],
  ['another payload', `Bearer ${head}.${base64url(JSON.stringify({ ...good(), sub: 'root' }))}.${sig}`],
  ['an unknown crit', `Bearer ${token({}, { crit: ['x'], x: 1 })}`],
  ['crit with b64', `Bearer ${token({}, { crit: ['b64'], b64: false })}`],
  ['b64 without crit', `Bearer ${token({}, { b64: false })}`],
  ['the typ of a logout', `Bearer ${token({}, { typ: 'logout+jwt' })}`],
  ['the typ of a proof', `Bearer ${token({}, { typ: 'dpop+jwt' })}`],
  ['a typ that is no text', `Bearer ${token({}, { typ: 1 })}`],
  ['another issuer', `Bearer ${token({ iss: 'https://evil.example' })}`],
  ['an issuer that only begins so', `Bearer ${token({ iss: `${ISSUER}.evil.example` })}`],
  ['no issuer', `Bearer ${token({ iss: undefined })}`],
  ['a list of issuers', `Bearer ${token({ iss: [ISSUER] })}`],
  ['another audience', `Bearer ${token({ aud: 'https://other.example' })}`],
  ['other audiences', `Bearer ${token({ aud: ['https://other.example', `${AUDIENCE}/x`] })}`],
  ['no audience', `Bearer ${token({ aud: undefined })}`],
  ['an empty list of audiences', `Bearer ${token({ aud: [] })}`],
  ['an audience in an object', `Bearer ${token({ aud: { [AUDIENCE]: true } })}`],
  ['no exp', `Bearer ${token({ exp: undefined })}`],
  ['an exp that is past', `Bearer ${token({ exp: now - 120 })}`],
  ['an exp that is text', `Bearer ${token({ exp: String(now + 600) })}`],
  ['an exp that is null', `Bearer ${token({ exp: null })}`],
  [
    'an exp without end',
    `Bearer ${signed({ alg: 'ES256', kid: 'ec' }, JSON.stringify(good()).replace(/"exp":\d+/, '"exp":1e999'))}`,
  ],
  ['an exp below zero', `Bearer ${token({ exp: -1 })}`],
  ['an exp in milliseconds of a far year', `Bearer ${token({ exp: 1e18 })}`],
  ['an nbf to come', `Bearer ${token({ nbf: now + 120 })}`],
  ['an nbf that is text', `Bearer ${token({ nbf: 'now' })}`],
  [
    'an nbf without begin',
    `Bearer ${signed({ alg: 'ES256', kid: 'ec' }, JSON.stringify({ ...good(), nbf: 0 }).replace('"nbf":0', '"nbf":-1e999'))}`,
  ],
  ['an iat to come', `Bearer ${token({ iat: now + 3_600 })}`],
  [
    'the exp twice',
    `Bearer ${signed({ alg: 'ES256', kid: 'ec' }, JSON.stringify({ ...good(), exp: now - 120 }).replace('}', `,"exp":${now + 600}}`))}`,
  ],
  [
    'the sub twice',
    `Bearer ${signed({ alg: 'ES256', kid: 'ec' }, JSON.stringify(good()).replace('}', ',"sub":"root"}'))}`,
  ],
  ['the alg twice', `Bearer ${signed('{"alg":"none","alg":"ES256","kid":"ec"}', good())}`],
  ['no sub', `Bearer ${token({ sub: undefined })}`],
  ['an empty sub', `Bearer ${token({ sub: '' })}`],
  ['a sub that is a number', `Bearer ${token({ sub: 7 })}`],
  ['a sub that is too long', `Bearer ${token({ sub: 'x'.repeat(257) })}`],
  ['a sub with a line break', `Bearer ${token({ sub: 'alice\nadmin' })}`],
  ['the sub of callers without a credential', `Bearer ${token({ sub: 'local' })}`],
]

describe('a token', () => {
  let server: TestServer

  beforeAll(async () => {
    server = await started()
  })
  afterAll(() => server.stop())

  it('that is not good is refused, and its sender does not learn why', async () => {
    expect(BAD.length).toBeGreaterThanOrEqual(60)
    const expected = await ask(server.url, undefined)
    expect(expected).toMatchObject({ status: 401, challenge: 'Bearer realm="a2a"' })
    for (const [what, authorization] of BAD) expect(await ask(server.url, authorization), what).toEqual(expected)
  })

  it.each([
    ['by RSA', token({}, {}, 'rsa')],
    ['by an elliptic curve', token()],
    ['by Ed25519', token({}, {}, 'ed')],
    ['with one of several audiences', token({ aud: ['x', AUDIENCE] })],
    ['with the typ of an access token', token({}, { typ: 'at+jwt' })],
    ['with its media type', token({}, { typ: 'application/at+JWT' })],
    ['without a typ', token({}, { typ: undefined })],
    ['with a place of keys that nobody asks', token({}, { jku: 'http://127.0.0.1:9/jwks' })],
  ])('is taken %s', async (_, good) => {
    expect(await callerOf(server.url, good)).toEqual({ principal: 'alice', tenant: '', roles: [] })
  })

  it('may be called bearer in any case', async () => {
    expect((await ask(server.url, `bEARER  ${token()}`)).status).toBe(200)
  })

  it('counts once: with two headers nobody knows which', async () => {
    const both = await new Promise<number>((resolve, reject) => {
      const request = http.request(server.url, { method: 'POST', path: '/message:send' }, (response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      })
      request.on('error', reject)
      request.setHeader('content-type', 'application/json')
      request.setHeader('authorization', [`Bearer ${token()}`, `Bearer ${token({ sub: 'root' })}`])
      request.end('{}')
    })
    expect(both).toBe(401)
  })
})

describe('the times of a token', () => {
  const at = Date.parse('2026-06-01T12:00:00Z')
  let clock = at
  let server: TestServer

  beforeAll(async () => {
    server = await started({ clock: () => new Date(clock) })
  })
  afterAll(() => server.stop())

  it.each([
    [0, 200],
    [59, 200],
    [61, 401],
    [-59, 200],
    [-61, 401],
  ])('hold with a clock that is %i s off: %i', async (seconds, status) => {
    clock = at + seconds * 1000
    const edge = at / 1000
    // Ends, or begins, at this very second.
    const claims = seconds >= 0 ? { iat: edge - 60, exp: edge } : { iat: edge, nbf: edge, exp: edge + 600 }
    expect((await ask(server.url, `Bearer ${token(claims)}`)).status).toBe(status)
  })
})

describe('what a token says of its caller', () => {
  it('is taken from the claims that the operator names', async () => {
    const server = await started({
      principal: 'client_id',
      tenant: ({ org }) => (typeof org === 'string' ? org.toLowerCase() : undefined),
      roles: 'groups',
    })
    try {
      const claims = { client_id: 'app', org: 'ACME', groups: ['staff', 7], scope: 'a b' }
      expect(await callerOf(server.url, token(claims))).toEqual({ principal: 'app', tenant: 'acme', roles: ['staff'] })
      for (const missing of ['client_id', 'org']) {
        expect((await ask(server.url, `Bearer ${token({ ...claims, [missing]: undefined })}`)).status).toBe(401)
      }
      // It would not fit into the id of a workflow.
      expect((await ask(server.url, `Bearer ${token({ ...claims, org: 'é'.repeat(20) })}`)).status).toBe(401)
    } finally {
      await server.stop()
    }
  })

  it.each([
    [
      'a public JWK, whatever kid the token has',
      { key: ec.publicKey.export({ format: 'jwk' }) },
      token({}, { kid: 'any' }),
    ],
    ['a public key in PEM', { key: spki }, token({}, {}, 'rsa')],
    [
      'a secret, where the operator has one',
      { key: { kty: 'oct', k: base64url('x'.repeat(32)) } },
      hmac({ alg: 'HS256' }, good(), 'x'.repeat(32)),
    ],
  ])('can be checked with %s', async (_, options, good) => {
    const server = await started(options)
    try {
      expect(await callerOf(server.url, good)).toMatchObject({ principal: 'alice' })
      expect((await ask(server.url, `Bearer ${hmac({ alg: 'HS256' }, { ...JSON.parse('{}') }, 'y')}`)).status).toBe(401)
    } finally {
      await server.stop()
    }
  })
})

describe('the keys of an issuer', () => {
  let asked = 0
  let answer: { status: number; body: string } = { status: 200, body: JSON.stringify(JWKS) }
  const issuer = http.createServer((_, res) => {
    asked += 1
    res.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body)
  })

  beforeAll(() => new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve)))
  afterAll(() => new Promise((resolve) => issuer.close(resolve)))

  const errors: string[] = []
  const logger: Logger = { ...silentLogger, error: (_, message) => errors.push(message) }

  const start = () => {
    asked = 0
    errors.length = 0
    return started({ jwks: `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/jwks` }, logger)
  }

  it('are asked for once, and for a kid that nobody knows not again and again', async () => {
    answer = { status: 200, body: JSON.stringify(JWKS) }
    const server = await start()
    try {
      await Promise.all([1, 2, 3].map(() => ask(server.url, `Bearer ${token()}`)))
      expect(asked).toBe(1)
      for (const kid of ['a', 'b', 'c']) {
        expect((await ask(server.url, `Bearer ${token({}, { kid })}`)).status).toBe(401)
      }
      expect(asked).toBe(1)
    } finally {
      await server.stop()
    }
  })

  it.each([
    ['fail', { status: 500, body: '' }],
    ['are no JSON', { status: 200, body: 'no' }],
    ['are no key set', { status: 200, body: '{}' }],
    ['are elsewhere', { status: 302, body: '' }],
    ['do not end', { status: 200, body: `{"keys":[],"pad":"${'x'.repeat(2_000_000)}"}` }],
  ])('that %s refuse nobody: the answer is 503, and the issuer is left in peace', async (_, broken) => {
    answer = broken
    const server = await start()
    try {
      for (let i = 0; i < 3; i += 1) expect((await ask(server.url, `Bearer ${token()}`)).status).toBe(503)
      // Without a token there is nothing to look up.
      expect((await ask(server.url, undefined)).status).toBe(401)
      expect(asked).toBe(1)
      expect(errors).toEqual(['the keys of the issuer cannot be had; known ones are used on'])
    } finally {
      await server.stop()
    }
  })
})
