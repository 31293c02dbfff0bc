// Cuts the package temporal-a2a-client out of the same source: `node scripts/client-package.mjs [DIRECTORY]`, default dist-client.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { clientReadme } from './client-readme.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const out = resolve(process.argv[2] ?? join(root, 'dist-client'))
const main = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

rmSync(out, { recursive: true, force: true })
mkdirSync(out, { recursive: true })

const tsconfig = join(out, 'tsconfig.json')
writeFileSync(
  tsconfig,
  JSON.stringify({
    extends: join(root, 'tsconfig.build.json'),
    compilerOptions: { rootDir: root, outDir: out, typeRoots: [join(root, 'node_modules/@types')] },
    // What these reach is compiled, and nothing else.
    files: [join(root, 'src/client/index.ts'), join(root, 'src/proto/index.ts')],
    include: [],
  }),
)
execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', tsconfig], { stdio: 'inherit' })
rmSync(tsconfig)

const pick = (names) => Object.fromEntries(names.map((name) => [name, main.dependencies[name]]))
const entry = (path) => ({ types: `${path}.d.ts`, default: `${path}.js` })
writeFileSync(
  join(out, 'package.json'),
  `${JSON.stringify(
    {
      name: 'temporal-a2a-client',
      version: main.version,
      description:
        'A2A (Agent2Agent) client for TypeScript that survives lost connections. The client of temporal-a2a, alone.',
      keywords: ['a2a', 'agent2agent', 'agents', 'client', 'connect', 'json-rpc'],
      license: main.license,
      type: 'module',
      sideEffects: false,
      engines: main.engines,
      exports: {
        '.': entry('./src/client/index'),
        './proto': entry('./src/proto/index'),
        './package.json': './package.json',
      },
      files: ['src', 'gen'],
      dependencies: pick([
        '@bufbuild/protobuf',
        '@connectrpc/connect',
        '@connectrpc/connect-web',
        'canonicalize',
        'eventsource-parser',
        'jose',
      ]),
      peerDependencies: pick(['@connectrpc/connect-node']),
      peerDependenciesMeta: { '@connectrpc/connect-node': { optional: true } },
    },
    null,
    2,
  )}\n`,
)
cpSync(join(root, 'LICENSE'), join(out, 'LICENSE'))
writeFileSync(join(out, 'README.md'), clientReadme(readFileSync(join(root, 'docs/client.md'), 'utf8')))
