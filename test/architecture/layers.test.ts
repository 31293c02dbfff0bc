/** Who may import whom. A folder that needs another one says so here, with a reason in the design, or not at all. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const SRC = join(ROOT, 'src')

interface Rule {
  /** Folders of `src`, or `gen`, whose values and types may be imported. */
  readonly ours: readonly string[]
  /** The same, but types only. */
  readonly types?: readonly string[]
  /** Packages and Node modules; a trailing `*` stands for anything. */
  readonly outside?: readonly string[]
}

/** What starting anything may throw. */
const START_ERRORS = ['store/store-database-error.ts', 'temporal/embedded/errors.ts']

/** The longest prefix of a file's path decides which rule it is under. */
const RULES: Readonly<Record<string, Rule>> = {
  internal: { ours: [] },
  a2a: { ours: ['internal'], types: ['gen'] },
  'a2a/message-to-json.ts': { ours: [], outside: ['@bufbuild/protobuf'] },
  'a2a/proto-json.ts': { ours: ['internal'], outside: ['@bufbuild/protobuf'] },
  'a2a/required-fields.ts': { ours: ['gen'], outside: ['@bufbuild/protobuf'] },
  task: { ours: ['a2a', 'internal'], types: ['gen'] },
  bus: { ours: ['a2a', 'task', 'internal'], types: ['gen'] },
  'bus/nats': {
    ours: ['a2a', 'task', 'bus', 'internal', 'gen'],
    outside: ['@bufbuild/protobuf', '@nats-io/transport-node', 'node:crypto', 'node:fs'],
  },
  agent: { ours: ['a2a', 'task', 'bus', 'internal'], types: ['gen', '@bufbuild/protobuf', '@standard-schema/spec'] },
  'agent/step-scope.ts': { ours: [], outside: ['node:async_hooks'] },
  store: { ours: ['a2a', 'task', 'bus', 'internal'], types: ['gen'], outside: ['kysely', 'kysely/migration'] },
  'store/sqlite.ts': { ours: [], outside: ['kysely', 'node:fs', 'node:sqlite'] },
  'store/large-parts.ts': { ours: ['a2a', 'task'], outside: ['node:crypto'] },
  'store/postgres.ts': { ours: ['internal'], outside: ['kysely', 'pg'] },
  push: {
    ours: ['a2a', 'bus', 'internal'],
    types: ['gen', 'task', 'store', 'service'],
    outside: ['ipaddr.js', 'node:crypto', 'node:dns/promises', 'node:http', 'node:https', 'node:net', 'node:tls'],
  },
  'push/retry-schedule.ts': { ours: [] },
  'push/due-delivery.ts': { ours: [] },
  'push/webhook-bodies.ts': {
    ours: ['a2a', 'bindings/dialects', 'internal'],
    types: ['gen', 'task'],
  },
  engine: { ours: ['a2a', 'task', 'agent', 'bus', 'internal'], types: ['gen'] },
  observe: { ours: ['internal'], outside: ['pino'] },
  service: { ours: ['a2a', 'task', 'agent', 'bus', 'engine', 'internal'], types: ['gen', '@bufbuild/protobuf'] },
  'service/request-handler.ts': { ours: ['a2a', 'agent', 'engine', 'gen'], types: ['@bufbuild/protobuf', 'internal'] },
  auth: { ours: ['a2a'], types: ['gen', 'internal'] },
  'auth/key-table.ts': { ours: ['auth'], outside: ['node:crypto'] },
  'auth/fetched-keys.ts': { ours: ['auth'], types: ['internal'], outside: ['jose'] },
  'auth/jwt-keys.ts': { ours: ['auth'], types: ['internal'], outside: ['jose'] },
  'auth/jwt-verifier.ts': { ours: ['auth', 'bindings/http/scan-json.ts'], types: ['internal'], outside: ['jose'] },
  bindings: {
    ours: ['a2a', 'agent', 'service', 'internal'],
    types: ['gen', '@bufbuild/protobuf', 'node:http', 'node:http2'],
  },
  'bindings/http': {
    ours: ['a2a', 'agent', 'service'],
    types: ['@bufbuild/protobuf', 'node:http', 'node:http2'],
    outside: ['node:buffer'],
  },
  'bindings/method.ts': { ours: ['a2a', 'service', 'gen'], types: ['@bufbuild/protobuf'] },
  'bindings/dialects': {
    ours: ['a2a', 'service', 'bindings/method.ts', 'gen'],
    types: ['bindings/http', '@bufbuild/protobuf'],
  },
  'bindings/rest': { ours: ['a2a', 'service', 'bindings', 'gen'], outside: ['@bufbuild/protobuf'] },
  'bindings/connect': {
    ours: ['a2a', 'service', 'bindings', 'internal', 'gen'],
    types: ['node:http'],
    outside: [
      '@bufbuild/protobuf',
      '@bufbuild/protobuf/wire',
      '@connectrpc/connect',
      '@connectrpc/connect/*',
      'node:util',
      'node:zlib',
    ],
  },
  'bindings/card': { ours: ['bindings'], types: ['card', 'gen', '@bufbuild/protobuf'], outside: ['node:crypto'] },
  card: { ours: ['gen'], outside: ['@bufbuild/protobuf', 'canonicalize', 'jose'] },
  'card/card-mode.ts': { ours: [] },
  server: {
    ours: ['card', 'a2a', 'agent', 'auth', 'bus', 'engine', 'service', 'bindings', 'internal', 'gen'],
    outside: [
      'node:*',
      '@connectrpc/connect',
      '@connectrpc/connect-node',
      '@bufbuild/protobuf',
      '@bufbuild/protobuf/wkt',
    ],
  },
  'server/rate-limiter.ts': { ours: ['a2a', 'agent', 'service'], outside: ['rate-limiter-flexible'] },
  'temporal/workflow': {
    ours: ['a2a', 'task', 'temporal/names.ts', 'push/due-delivery.ts'],
    types: ['gen', 'push'],
    outside: ['@temporalio/workflow'],
  },
  temporal: {
    ours: ['a2a', 'task', 'agent', 'bus', 'store', 'engine', 'push', 'internal'],
    types: ['gen', 'temporal/workflow', '@temporalio/proto'],
    outside: ['@temporalio/client', '@temporalio/common', '@temporalio/activity', 'node:crypto'],
  },
  'temporal/embedded': {
    ours: ['internal', 'temporal/search-attributes.ts'],
    outside: ['node:*', '@temporalio/client', '@temporalio/common/*', '@temporalio/envconfig'],
  },
  'server/index.ts': {
    ours: ['auth', 'bus', 'card', 'engine', 'service', 'start-gateway.ts', 'process/secret-error.ts', ...START_ERRORS],
    types: ['process'],
  },
  process: {
    ours: ['task', 'agent', 'bus', 'store', 'temporal', 'push', 'server', 'internal'],
    outside: ['node:*', '@temporalio/client'],
  },
  worker: {
    ours: [
      'a2a',
      'task',
      'agent',
      'bus',
      'store',
      'engine',
      'temporal',
      'server',
      'process',
      'remote',
      'observe',
      'internal',
    ],
    types: ['temporal/workflow', 'push'],
    outside: ['node:*', '@temporalio/client', '@temporalio/worker'],
  },
  'worker/start-worker.ts': { ours: ['observe', 'serve.ts'] },
  cli: {
    ours: [
      ...['agent', 'auth', 'internal', 'observe', 'serve.ts', 'card/card-mode.ts'],
      ...['server/addresses.ts', 'temporal/names.ts', 'worker/max-turns.ts'],
    ],
    types: ['temporal', 'bus', 'worker', 'process', 'server', 'push', 'card'],
    outside: ['node:*', 'commander'],
  },
  compat: {
    ours: ['a2a', 'agent', 'client', 'internal', 'gen'],
    types: ['@a2a-js/sdk', '@a2a-js/sdk/server'],
  },
  'compat/a2a-js/shapes.ts': {
    ours: [],
    outside: ['@bufbuild/protobuf', '@bufbuild/protobuf/reflect', '@bufbuild/protobuf/wkt'],
  },
  'client/index.ts': { ours: ['a2a', 'client', 'card/card-not-verified-error.ts'], types: ['gen'] },
  client: { ours: ['a2a', 'internal'], types: ['card', 'gen', '@bufbuild/protobuf'] },
  'client/transports': {
    ours: ['client', 'a2a', 'gen', 'bindings/rest/routes.ts', 'bindings/dialects'],
    types: ['@connectrpc/connect'],
    outside: ['@bufbuild/protobuf'],
  },
  'client/transports/connect-calls.ts': {
    ours: ['client', 'a2a', 'gen'],
    outside: ['@bufbuild/protobuf', '@connectrpc/connect'],
  },
  'client/transports/connect.ts': {
    ours: ['client'],
    types: ['@connectrpc/connect'],
    outside: ['@connectrpc/connect-web'],
  },
  'client/transports/connect-errors.ts': {
    ours: ['client', 'a2a'],
    types: ['@bufbuild/protobuf'],
    outside: ['@connectrpc/connect'],
  },
  'client/transports/error-details.ts': {
    ours: [],
    types: ['@bufbuild/protobuf'],
    outside: ['@bufbuild/protobuf/wire'],
  },
  'client/http/read-events.ts': { ours: ['client', 'a2a'], outside: ['eventsource-parser'] },
  testing: {
    ours: ['a2a', 'task', 'agent', 'bus', 'engine', 'service', 'server', 'internal'],
    types: ['gen', '@bufbuild/protobuf'],
  },
  remote: { ours: ['a2a', 'client', 'internal'], types: ['agent', 'task'] },
  proto: { ours: ['gen'] },
  'index.ts': {
    ours: ['a2a', 'agent', 'auth', 'internal', 'serve.ts', ...START_ERRORS],
    types: ['gen', 'process', 'push', 'task'],
  },
  'start-gateway.ts': { ours: ['serve.ts'], types: ['process'] },
  'serve.ts': {
    ours: ['agent'],
    types: [
      'agent',
      'auth',
      'card',
      'client',
      'internal',
      'process',
      'push',
      'server',
      'temporal/embedded/progress.ts',
    ],
  },
}

interface Import {
  readonly from: string
  readonly target: string
  readonly typeOnly: boolean
}

function sourceFiles(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.replaceAll('\\', '/'))
}

const STATEMENT = /(?:^|\n)\s*(import|export)\s+(type\s+)?([^'"]*?)from\s+['"]([^'"]+)['"]/g

/** Static imports; what a file loads by `import()` is its own business, and shown by the entry test. */
function importsOf(file: string): Import[] {
  const text = readFileSync(join(SRC, file), 'utf8')
  return [...text.matchAll(STATEMENT)].map(([, , type, names = '', specifier = '']) => {
    const allTypes = type !== undefined || /^\s*\{\s*(?:type\s+[^,}]+,?\s*)+\}\s*$/.test(names)
    return { from: file, target: resolve(file, specifier), typeOnly: allTypes }
  })
}

/** Path below `src`, `gen` for generated code, or the package's name. */
function resolve(file: string, specifier: string): string {
  if (specifier === '#failpoints') return 'internal/fail-points.ts'
  if (!specifier.startsWith('.')) return specifier
  const path = relative(ROOT, join(SRC, dirname(file), specifier))
    .replaceAll('\\', '/')
    .replace(/\.js$/, '.ts')
  return path.startsWith('gen/') ? 'gen' : path.replace(/^src\//, '')
}

function ruleOf(file: string): [string, Rule] {
  const found = Object.entries(RULES)
    .filter(([prefix]) => file === prefix || file.startsWith(`${prefix}/`))
    .sort(([a], [b]) => b.length - a.length)[0]
  if (found === undefined) throw new Error(`${file} is under no rule`)
  return found
}

function within(target: string, places: readonly string[]): boolean {
  return places.some((place) =>
    place.endsWith('*') ? target.startsWith(place.slice(0, -1)) : target === place || target.startsWith(`${place}/`),
  )
}

describe('layers', () => {
  it('import only what they may', () => {
    const violations: string[] = []
    for (const file of sourceFiles(SRC)) {
      const [prefix, rule] = ruleOf(file)
      for (const { target, typeOnly } of importsOf(file)) {
        const own = prefix.endsWith('.ts') ? dirname(prefix) : prefix
        const allowed = within(target, [
          own,
          ...rule.ours,
          ...(rule.outside ?? []),
          ...(typeOnly ? (rule.types ?? []) : []),
        ])
        if (!allowed) violations.push(`${file} imports ${typeOnly ? 'types of ' : ''}${target}`)
      }
    }
    expect(violations).toEqual([])
  })

  it('have no rule without a file', () => {
    const files = sourceFiles(SRC)
    const unused = Object.keys(RULES).filter(
      (prefix) => !files.some((file) => file === prefix || file.startsWith(`${prefix}/`)),
    )
    expect(unused).toEqual([])
  })

  it('leave printing to the command line', () => {
    const printing = sourceFiles(SRC).filter(
      (file) =>
        !file.startsWith('cli/') &&
        /\bconsole\.|process\.std(?:out|err)\.write/.test(readFileSync(join(SRC, file), 'utf8')),
    )
    expect(printing).toEqual([])
  })
})
