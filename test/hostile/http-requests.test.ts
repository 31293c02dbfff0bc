/** HTTP that is well framed but wrong: methods, paths, media types, versions, headers, hosts and origins. */
import type { DescMethod } from '@bufbuild/protobuf'
import { fc } from '../support/property.js'
import { battle } from './support/attack.js'
import type { Form } from './support/forms.js'
import { goodRequest } from './support/schema.js'
import { BINDINGS, type Binding, goodShot, METHODS, REST_PATHS, rpcPath, type Shot } from './support/shots.js'

const { attack } = battle('http-requests')

const [SEND, GET, LIST] = ['SendMessage', 'GetTask', 'ListTasks'].map((name) =>
  METHODS.find((method) => method.name === name),
) as [DescMethod, DescMethod, DescMethod]

const versions = fc.constantFrom('1.1', '2') as fc.Arbitrary<Shot['version']>

/** gRPC lives on HTTP/2; the others on both. */
function versionOf(binding: Binding, version: Shot['version']): Shot['version'] {
  return binding === 'grpc' ? '2' : version
}

// --- Paths ---

const SEGMENTS = [
  '',
  '.',
  '..',
  '...',
  '%2e',
  '%2e%2e',
  '%2E%2e',
  '.%2e',
  '%2F',
  '%2f..%2f',
  '%5c',
  '\\',
  '%00',
  '%0d%0a',
  '%',
  '%zz',
  '%c0%af',
  '%ed%a0%80',
  '%ff',
  ';',
  ';a=b',
  'a;b',
  '@',
  ':',
  '::',
  ':send',
  '*',
  '{id}',
  '~',
  '%7e',
  '%20',
  '+',
  '&',
  '=',
  '|',
  '"',
  "'",
  '<',
  '>',
  'tasks',
  'agents',
  'scripted',
  'message:send',
  'message:stream',
  'pushNotificationConfigs',
  'extendedAgentCard',
  'v1',
  'a2a',
  '.well-known',
  'agent-card.json',
  'agent.json',
  'livez',
  'readyz',
  'health',
  'lf.a2a.v1.A2AService',
  'SendMessage',
  'GetTask',
  'grpc.health.v1.Health',
  'Check',
  '__proto__',
  'constructor',
  'toString',
  'no-such-task',
  'no-such-task:cancel',
  'no-such-task:subscribe',
  'x:y:cancel',
  ':cancel',
  'etc',
  'passwd',
  '%E2%80%A8',
  'é',
  'a'.repeat(3_000),
] as const

const TAILS = [
  '',
  '',
  '',
  '/',
  '//',
  '?',
  '?a',
  '?__proto__=1',
  '?id=x&id=y',
  '?tenant=nobody',
  '?pageSize=0',
  '?A2A-Version=9.9',
  '?%',
  '?%zz=%zz',
  '?a[b]=c',
  `?${'q=1&'.repeat(500)}`,
  '#x',
  '?x#y',
] as const

interface Path {
  readonly version: Shot['version']
  readonly method: string
  readonly path: string
}

const paths = fc
  .record({
    version: versions,
    method: fc.constantFrom('GET', 'POST', 'DELETE', 'HEAD', 'PUT', 'PATCH', 'OPTIONS'),
    segments: fc.array(fc.constantFrom(...SEGMENTS), { minLength: 1, maxLength: 5 }),
    tail: fc.constantFrom(...TAILS),
  })
  .map(
    ({ segments, tail, ...rest }): Path => ({
      ...rest,
      path: Buffer.from(`/${segments.join('/')}${tail}`).toString('latin1'),
    }),
  )

/** Where JSON-RPC is spoken: at the root and below an agent, also one that does not exist. */
const ENDPOINT = /^(?:\/agents\/(?!\.\.?(?:[/?]|$))[^/?#]+)?(?:\/a2a)?\/?(?:\?[^#]*)?$/

function formOfPath({ method, path }: Path): Form {
  if (method === 'HEAD') return 'head'
  return method === 'POST' && ENDPOINT.test(path) ? 'jsonrpc' : 'http'
}

attack<Path>('any path is answered or refused as REST or as JSON-RPC, and never by a file or a stack trace', {
  runs: 700,
  // The paths of the RPCs answer in a form of their own; they have tests of their own.
  inputs: paths.filter(({ path }) => !/Service\/|Health\//.test(path)),
  examples: [
    '/',
    '/a2a',
    '/agents/scripted',
    '/agents/nobody',
    '/agents/%2e',
    '/agents/nobody/a2a/?x',
    '/agents/..',
  ].map((path) => ({ version: '1.1', method: 'POST', path })),
  async send(input, target) {
    const { version, method, path } = input
    const headers = { 'a2a-version': '1.0', 'content-type': 'application/json' }
    const body = method === 'POST' ? Buffer.from('{}') : undefined
    await target.shoot({ version, form: formOfPath(input), method, path, headers, body })
  },
})

const TARGETS = [
  '*',
  'http://evil.test/',
  'http://127.0.0.1/tasks',
  'https://localhost/',
  'tasks',
  '?x',
  '//',
  '//evil.test/tasks',
  '/\\evil.test',
  '/tasks//x',
  '/./tasks',
  '/../tasks',
  '/tasks/..',
  '/agents/../tasks',
  '/#',
  '/tasks#x',
]

attack<string>('a target that is no plain path is refused', {
  runs: 1,
  inputs: fc.constantFrom(...TARGETS),
  examples: TARGETS,
  async send(path, target) {
    await target.shoot({ version: '1.1', form: 'http', method: 'GET', path, headers: {} }, { refused: true })
  },
})

// --- Methods ---

interface Wrong {
  readonly version: Shot['version']
  readonly method: string
  readonly path: string
  readonly form: Form
}

const HTTP_METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
  'PURGE',
  'REPORT',
  'SEARCH',
  'LINK',
  'M-SEARCH',
]

const WRONG_METHODS: readonly Wrong[] = [
  ...HTTP_METHODS.filter((method) => method !== 'POST').map((method) => ({ method, path: '/', form: 'http' as const })),
  ...HTTP_METHODS.filter((method) => method !== 'POST').map((method) => ({
    method,
    path: '/agents/scripted',
    form: 'http' as const,
  })),
  ...METHODS.flatMap((rpc) =>
    HTTP_METHODS.filter((method) => method !== 'POST').map((method) => ({
      method,
      path: rpcPath(rpc),
      form: rpc.methodKind === 'unary' ? ('connect' as const) : ('connect-stream' as const),
    })),
  ),
  ...METHODS.flatMap((rpc) => {
    const rest = REST_PATHS[rpc.name]
    const path = rest?.path({ id: 'x', taskId: 'x' }) ?? '/'
    const taken = Object.values(REST_PATHS).filter((other) => other.path({ id: 'x', taskId: 'x' }) === path)
    const served = [...taken.map(({ method }) => method), ...(rpc.name === 'SubscribeToTask' ? ['GET'] : [])]
    return HTTP_METHODS.filter((method) => !served.includes(method)).map((method) => ({
      method,
      path,
      form: 'rest' as const,
    }))
  }),
  ...['/.well-known/agent-card.json', '/livez', '/readyz', '/health', '/grpc.health.v1.Health/Check'].flatMap((path) =>
    ['POST', 'PUT', 'DELETE', 'OPTIONS']
      .filter((method) => !(path.startsWith('/grpc') && method === 'POST'))
      .map((method) => ({ method, path, form: 'http' as const })),
  ),
].map((wrong, index) => ({ ...wrong, version: index % 2 === 0 ? '1.1' : '2' }))

attack<Wrong>('a wrong HTTP method is refused, on every path', {
  runs: 1,
  inputs: fc.constantFrom(...WRONG_METHODS),
  examples: WRONG_METHODS,
  async send({ version, method, path, form }, target) {
    const headers = { 'a2a-version': '1.0' }
    await target.shoot({ version, form: method === 'HEAD' ? 'head' : form, method, path, headers }, { refused: true })
  },
})

interface UnknownRpc {
  readonly binding: Exclude<Binding, 'jsonrpc' | 'rest'>
  readonly path: string
}

const RPC_PATHS = [
  '/lf.a2a.v1.A2AService/Nope',
  '/lf.a2a.v1.A2AService/sendMessage',
  '/lf.a2a.v1.A2AService/',
  '/lf.a2a.v1.A2AService/SendMessage/x',
  '/lf.a2a.v1.A2AService/__proto__',
  '/lf.a2a.v2.A2AService/SendMessage',
  '/nope.Service/Method',
  '/grpc.health.v1.Health/Nope',
]

const UNKNOWN_RPCS = (['connect-json', 'connect', 'grpc', 'grpc-web'] as const).flatMap((binding) =>
  RPC_PATHS.map((path): UnknownRpc => ({ binding, path })),
)

attack<UnknownRpc>('an RPC that does not exist is unimplemented, in the form of the wire that asked', {
  runs: 1,
  inputs: fc.constantFrom(...UNKNOWN_RPCS),
  examples: UNKNOWN_RPCS,
  async send({ binding, path }, target) {
    const shot = { ...goodShot(binding, SEND, goodRequest(SEND, 'x'), versionOf(binding, '1.1')), path }
    // Connect takes the 404 of any server; gRPC has no statuses of HTTP.
    const verdict = await target.shoot(shot, { refused: true, orHttp: binding.startsWith('connect') })
    const { code } = verdict ?? {}
    if (code !== 12 && code !== 404) throw new Error(`${code} in place of unimplemented`)
  },
})

// --- Media types ---

interface Media {
  readonly binding: Binding
  readonly version: Shot['version']
  readonly type: string
}

const MEDIA_TYPES = [
  '',
  ' ',
  'text/plain',
  'text/html',
  'text/json',
  'application/x-www-form-urlencoded',
  'multipart/form-data',
  'multipart/form-data; boundary=x',
  'application/xml',
  'application/octet-stream',
  'application/jsonx',
  'application/json-patch',
  'xapplication/json',
  'json',
  'application',
  'application/',
  '/json',
  '*/*',
  'application/*',
  'text/plain;application/json',
  'text/plain, application/json',
  'application/json, text/plain',
  'a'.repeat(2_000),
  'application/cbor',
  'application/protobuf',
  'application/grpc-foo',
  'application/grpcx',
] as const

const WRONG_MEDIA = BINDINGS.flatMap((binding) =>
  MEDIA_TYPES.flatMap((type) =>
    (['1.1', '2'] as const).map((version): Media => ({ binding, version: versionOf(binding, version), type })),
  ),
)

attack<Media>('a wrong media type is refused, so that no page can send one without being asked', {
  runs: 1,
  inputs: fc.constantFrom(...WRONG_MEDIA),
  examples: WRONG_MEDIA,
  async send({ binding, version, type }, target) {
    const shot = goodShot(binding, SEND, goodRequest(SEND, 'x'), version)
    // Whoever says gRPC on a path that is none of gRPC is told so in its words.
    const grpc = type.startsWith('application/grpc') && !shot.path.startsWith('/lf.')
    const headers = { ...shot.headers, 'content-type': type }
    const verdict = await target.shoot({ ...shot, form: grpc ? 'grpc' : shot.form, headers }, { refused: true })
    const { code, reason = '' } = verdict ?? {}
    const named = ['CONTENT_TYPE_NOT_SUPPORTED', 'UNSUPPORTED_MEDIA_TYPE'].includes(reason)
    if (code !== 415 && !named && !(grpc && code === 12)) throw new Error(`${code} ${reason} for a wrong media type`)
  },
})

attack<Media>('the media type of another binding is refused or answered, in one form or the other', {
  runs: 1,
  inputs: fc.constantFrom({ binding: 'jsonrpc', version: '1.1', type: 'application/proto' } as Media),
  examples: BINDINGS.flatMap((binding) =>
    [
      'application/proto',
      'application/connect+json',
      'application/connect+proto',
      'application/grpc',
      'application/grpc+json',
      'application/grpc-web',
      'application/grpc-web-text',
      'application/json',
      'application/a2a+json',
      'application/json;charset=utf-8',
      'APPLICATION/JSON',
      'application/json; charset=utf-16',
    ].map((type): Media => ({ binding, version: '2', type })),
  ),
  async send({ binding, version, type }, target) {
    const shot = goodShot(binding, SEND, goodRequest(SEND, 'x'), version)
    await target.shoot({ ...shot, form: formOf(type, shot), headers: { ...shot.headers, 'content-type': type } })
  },
})

/** On the path of an RPC the media type says which wire it is. */
function formOf(type: string, { form, path }: Shot): Form {
  if (!path.startsWith('/lf.')) return type.startsWith('application/grpc') ? 'grpc' : form
  if (type.startsWith('application/grpc-web')) return 'grpc-web'
  if (type.startsWith('application/grpc')) return 'grpc'
  return 'connect'
}

// --- Versions ---

const SERVED = ['', ' ', '1.0', ' 1.0 ', '1.0.0', '1.0.99']
const NOT_SERVED = [
  '0',
  '1',
  '2',
  '0.2',
  '0.3',
  '0.3.0',
  '0.5',
  '1.1',
  '2.0',
  '01.0',
  '1.00',
  '1.0.0.0',
  'v1.0',
  '1.0-rc',
  '1,0',
  '1.0,1.0',
  '1.0, 0.3',
  '-1.0',
  '1e0',
  'latest',
  '*',
  'null',
  '__proto__',
  '99999.99999',
  '1.0;x',
  '"1.0"',
  'é',
  '９.９',
  'x'.repeat(3_000),
]

interface Version {
  readonly binding: Binding
  readonly value: string
  readonly refused: boolean
}

/** Older versions are spoken where the same place serves several: there the method's own name decides. */
function isServed(binding: Binding, value: string): boolean {
  return (binding === 'jsonrpc' || binding === 'rest') && /^0\.[23](\.\d+)?$/.test(value)
}

const VERSION_CASES = BINDINGS.flatMap((binding) => [
  ...SERVED.map((value): Version => ({ binding, value, refused: false })),
  ...NOT_SERVED.filter((value) => !isServed(binding, value)).map(
    (value): Version => ({ binding, value: Buffer.from(value).toString('latin1'), refused: true }),
  ),
])

attack<Version>('a version that is not served is refused with its own error, on every binding', {
  runs: 1,
  inputs: fc.constantFrom(...VERSION_CASES),
  examples: VERSION_CASES,
  async send({ binding, value, refused }, target) {
    const shot = goodShot(binding, LIST, {}, versionOf(binding, '1.1'))
    const headers = { ...shot.headers, 'a2a-version': value }
    await target.shoot({ ...shot, headers }, refused ? { reason: 'VERSION_NOT_SUPPORTED' } : {})
  },
})

// --- Other headers ---

const VALUES = [
  '',
  ' ',
  ',',
  ',,,',
  '"',
  '\u0001',
  '\t',
  'é',
  '\u00ff',
  '0',
  '-1',
  '1',
  '1.5',
  'NaN',
  '1e999',
  '99999999999999999999',
  '*',
  '*/*',
  'null',
  '__proto__',
  'constructor',
  'x'.repeat(5_000),
  'a,'.repeat(2_000),
  '%00',
  '../..',
  "' OR 1=1",
  'gzip',
  'br',
  'deflate',
  'identity',
  'identity, gzip',
  'gzip;q=0',
  'utf-16',
  '100-continue',
  'close',
  'upgrade',
  'h2c',
  'trailers',
  'bytes=0-',
  '"etag"',
  'W/"x", *',
  'Thu, 01 Jan 1970 00:00:00 GMT',
  'null null',
  'Bearer ',
  'Bearer x',
  'Basic !!!',
  '100m',
  '1n',
  '99999999H',
  '0S',
  '-5S',
  '1x',
  'application/json',
  'application/json;q=0',
  'text/html',
]

const NAMES = [
  'a2a-extensions',
  'x-a2a-extensions',
  'idempotency-key',
  'accept',
  'accept-encoding',
  'accept-charset',
  'authorization',
  'cookie',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-http-method-override',
  'x-original-url',
  'if-none-match',
  'if-modified-since',
  'if-match',
  'range',
  'last-event-id',
  'user-agent',
  'content-encoding',
  'content-language',
  'connect-timeout-ms',
  'connect-protocol-version',
  'connect-content-encoding',
  'connect-accept-encoding',
  'grpc-timeout',
  'grpc-encoding',
  'grpc-accept-encoding',
  'grpc-message',
  'grpc-status',
  'traceparent',
  'tracestate',
  'baggage',
  'x-bin',
  '__proto__',
  'constructor',
  'priority',
  'expect',
  'max-forwards',
  'via',
  'dnt',
] as const

interface Odd {
  readonly binding: Binding
  readonly version: Shot['version']
  readonly method: DescMethod
  readonly headers: readonly (readonly [string, string])[]
}

const odd: fc.Arbitrary<Odd> = fc.record({
  binding: fc.constantFrom(...BINDINGS),
  version: versions,
  method: fc.constantFrom(SEND, GET, LIST, ...METHODS),
  headers: fc.array(
    fc.tuple(
      fc.constantFrom(...NAMES),
      fc.oneof(
        fc.constantFrom(...VALUES),
        fc.string({ maxLength: 40 }).map((text) => text.replace(/[^\x20-\x7e]/g, 'x')),
      ),
    ),
    { minLength: 1, maxLength: 3 },
  ),
})

attack<Odd>('odd values of headers are ignored or refused, on every binding', {
  runs: 700,
  inputs: odd,
  examples: ['99999999H', '1n', '0S'].map((value) => ({
    binding: 'grpc',
    version: '2',
    method: LIST,
    headers: [['grpc-timeout', value]],
  })),
  async send({ binding, version, method, headers }, target) {
    const shot = goodShot(binding, method, goodRequest(method, target.taskId), versionOf(binding, version))
    // Control characters never leave Node's own HTTP/2 client.
    const sendable = headers.filter(([, value]) => shot.version === '1.1' || !/[^\t\x20-\x7e\x80-\xff]/.test(value))
    const all = { ...shot.headers, ...Object.fromEntries(sendable) }
    await target.shoot({ ...shot, headers: all }, { orHttp: true })
  },
})

// --- Hosts and origins ---

const HOSTS = [
  'evil.test',
  'evil.test:80',
  'localhost.evil.test',
  '127.0.0.1.evil.test',
  'evil.test#127.0.0.1',
  'evil.test@127.0.0.1',
  '127.0.0.1@evil.test',
  'user:pass@127.0.0.1',
  'localhost.',
  '0.0.0.0',
  '127.0.0.2',
  '127.1',
  '2130706433',
  '0x7f.1',
  '[::]',
  '[::ffff:127.0.0.1]',
  '10.0.0.1',
  '169.254.169.254',
  'localhost evil.test',
  'localhost,evil.test',
  'localhost/evil',
  '*',
  'null',
  '__proto__',
  '[',
  '[]',
  '::1',
  ':80',
  'localhost:',
  'localhost:x',
  'localhost:-1',
  'ｌocalhost',
  'a'.repeat(3_000),
]

interface From {
  readonly binding: Binding
  readonly version: Shot['version']
  readonly name: 'host' | 'origin'
  readonly value: string
}

const HOST_CASES = HOSTS.flatMap((host) =>
  BINDINGS.map(
    (binding, index): From => ({
      binding,
      version: versionOf(binding, index % 2 === 0 ? '1.1' : '2'),
      name: 'host',
      value: Buffer.from(host).toString('latin1'),
    }),
  ),
)

const ORIGINS = [
  'https://evil.test',
  'http://evil.test',
  'null',
  '*',
  '',
  'http://localhost.evil.test',
  'http://127.0.0.1.evil.test',
  'http://localhost:1',
  'https://localhost',
  'http://127.0.0.1',
  'file://',
  'chrome-extension://abc',
  'http://127.0.0.1:PORT/',
  'http://127.0.0.1:PORT.evil.test',
  'http://127.0.0.1:PORT@evil.test',
  'http://127.0.0.1:PORT, http://evil.test',
  'HTTP://127.0.0.1:PORT',
  'http://127.0.0.1:PORT#',
  'ftp://127.0.0.1:PORT',
  'http://user@127.0.0.1:PORT',
  'http://[::1]:PORT',
  '__proto__',
  'x'.repeat(3_000),
]

const ORIGIN_CASES = ORIGINS.flatMap((origin) =>
  BINDINGS.map(
    (binding, index): From => ({
      binding,
      version: versionOf(binding, index % 2 === 1 ? '1.1' : '2'),
      name: 'origin',
      value: origin,
    }),
  ),
)

attack<From>('a host or an origin that is not allowed is refused on every binding, before anything else', {
  runs: 1,
  inputs: fc.constantFrom(...HOST_CASES),
  examples: [...HOST_CASES, ...ORIGIN_CASES],
  async send({ binding, version, name, value }, target) {
    const shot = goodShot(binding, SEND, goodRequest(SEND, 'x'), version)
    const headers = { ...shot.headers, [name]: value.replace('PORT', String(target.port)) }
    const verdict = await target.shoot({ ...shot, form: 'http', headers }, { refused: true, closable: version === '2' })
    if (verdict !== undefined && !([400, 403, 421] as unknown[]).includes(verdict?.code))
      throw new Error(`${verdict?.code} in place of 400, 403 or 421`)
  },
})

const PORTS = ['', ':0', ':1', ':80', ':65535', ':65536', ':99999', ':999999999999999999999', ':00000000000080']

interface Port {
  readonly binding: Binding
  readonly version: Shot['version']
  readonly host: string
}

const PORT_CASES = PORTS.flatMap((port) =>
  ['127.0.0.1', 'LOCALHOST', '[::1]'].flatMap((name) =>
    BINDINGS.map(
      (binding, index): Port => ({
        binding,
        version: versionOf(binding, index % 2 === 0 ? '1.1' : '2'),
        host: name + port,
      }),
    ),
  ),
)

function portOf(host: string): number {
  return Number(/:(\d+)$/.exec(host)?.[1] ?? 0)
}

attack<Port>('an allowed host with any port is answered, or refused as a fault of the client', {
  runs: 1,
  inputs: fc.constantFrom(...PORT_CASES),
  examples: PORT_CASES,
  async send({ binding, version, host }, target) {
    const shot = goodShot(binding, SEND, goodRequest(SEND, 'x'), version)
    await target.shoot({ ...shot, headers: { ...shot.headers, host } }, { orHttp: portOf(host) > 65_535 })
  },
})

const CARD_HEADERS = [
  'host',
  'x-forwarded-host',
  'x-forwarded-proto',
  'forwarded',
  'x-original-host',
  'x-host',
  'origin',
  'referer',
] as const
let card: string | undefined

attack<{ name: string; value: string }>('the agent card is the same whatever the headers say', {
  runs: 60,
  inputs: fc.record({
    name: fc.constantFrom(...CARD_HEADERS),
    value: fc.constantFrom(...HOSTS.slice(0, 9), 'localhost', 'host=evil.test;proto=https', 'https'),
  }),
  async send({ name, value }, target) {
    const fetchCard = async (headers: Record<string, string>) => {
      const outcome = await target.fire({
        version: '1.1',
        form: 'http',
        method: 'GET',
        path: '/.well-known/agent-card.json',
        headers,
      })
      return 'closed' in outcome ? undefined : outcome
    }
    card ??= (await fetchCard({}))?.body.toString()
    const answer = await fetchCard({ [name]: value })
    if (answer?.status === 200 && answer.body.toString() !== card) throw new Error('another card')
    if (answer?.status !== 200 && ![400, 403, 421].includes(answer?.status ?? 0))
      throw new Error(`status ${answer?.status}`)
  },
})
