/** The package as a stranger gets it: packed, checked by the linters of packages, installed into an empty project, used. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect } from '../../src/client/index.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const run = promisify(execFile)

let directory: string
let project: string
let tarballs: { name: string; path: string }[]

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'temporal-a2a-package-'))
  const client = join(directory, 'client')
  await run(process.execPath, [join(ROOT, 'scripts/client-package.mjs'), client], { cwd: ROOT })
  tarballs = [
    { name: 'temporal-a2a', path: await pack(ROOT) },
    { name: 'temporal-a2a-client', path: await pack(client) },
  ]
  project = join(directory, 'project')
  await mkdir(project)
  await writeFile(join(project, 'package.json'), '{"private":true,"type":"module"}')
  const install = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']
  await run('npm', [...install, ...tarballs.map(({ path }) => path)], { cwd: project })
}, 300_000)

afterAll(() => rm(directory, { recursive: true, force: true }))

/** The tarball of a package that is built already. */
async function pack(from: string): Promise<string> {
  const options = ['--json', '--ignore-scripts', '--pack-destination', directory]
  const { stdout } = await run('npm', ['pack', ...options], { cwd: from })
  const [{ filename }] = JSON.parse(stdout.slice(stdout.indexOf('['))) as [{ filename: string }]
  return join(directory, filename)
}

/** What a program of the project prints, line by line. */
async function print(file: string, code: string): Promise<string[]> {
  await writeFile(join(project, file), code)
  const { stdout } = await run(process.execPath, [file], { cwd: project })
  return stdout.trim().split('\n')
}

async function compile(code: string, resolution: string, flags: readonly string[] = []): Promise<void> {
  await writeFile(join(project, 'types.ts'), code)
  const modules = ['--module', resolution === 'bundler' ? 'esnext' : 'nodenext', '--moduleResolution', resolution]
  const target = ['--ignoreConfig', '--noEmit', '--strict', '--target', 'es2023', '--lib', 'es2024,dom', '--types', '']
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  await run(process.execPath, [tsc, ...target, ...modules, ...flags, 'types.ts'], { cwd: project }).catch(
    (error: { stdout?: string }) => {
      throw new Error(error.stdout)
    },
  )
}

const ENTRIES = ['dist/src/index.js', 'src/client/index.js']

describe.each([0, 1])('package %i', (index) => {
  it('publint has nothing to say', async () => {
    const { path } = tarballs[index] as { path: string }
    const tarball = (await readFile(path)).buffer as ArrayBuffer
    const { messages, pkg } = await publint({ pack: { tarball }, strict: true })
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([])
  })

  it('holds code and types and no map to sources that are not in it', async () => {
    const { path } = tarballs[index] as { path: string }
    const { stdout } = await run('tar', ['-tzf', path])
    expect(stdout.split('\n').filter((file) => file.endsWith('.map'))).toEqual([])
    const { stdout: comments } = await run('tar', ['-xzOf', path, `package/${ENTRIES[index]}`])
    expect(comments).not.toContain('sourceMappingURL')
  })

  it('its types are right for every resolution that loads ESM', async () => {
    const { path } = tarballs[index] as { path: string }
    const attw = join(ROOT, 'node_modules/.bin/attw')
    await run(process.execPath, [attw, path, '--profile', 'esm-only', '--no-color'], { cwd: directory }).catch(
      (error: { stdout?: string }) => {
        throw new Error(error.stdout)
      },
    )
  }, 60_000)
})

describe('installed into an empty project', { timeout: 60_000 }, () => {
  it('every entry can be imported, except what needs a package of the user’s choice', async () => {
    const printed = await print(
      'entries.mjs',
      `import { readFileSync } from 'node:fs'
       for (const name of ['temporal-a2a', 'temporal-a2a-client']) {
         const { exports } = JSON.parse(readFileSync('node_modules/' + name + '/package.json', 'utf8'))
         for (const entry of Object.keys(exports).filter((entry) => !entry.endsWith('.json'))) {
           const names = Object.keys(await import(name + entry.slice(1)))
           console.log(name + entry.slice(1), names.length > 0)
         }
       }`,
    )
    const entries = ['', '/client', '/server', '/worker', '/testing', '/compat', '/proto']
    expect(printed).toEqual([
      ...entries.map((entry) => `temporal-a2a${entry} true`),
      'temporal-a2a-client true',
      'temporal-a2a-client/proto true',
    ])
  })

  it('what an author, a caller and a browser import loads nothing of Temporal', async () => {
    const printed = await print(
      'graph.mjs',
      `import { registerHooks } from 'node:module'
       const loaded = []
       registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context) } })
       for (const entry of ['', '/client', '/testing', '/proto']) {
         loaded.length = 0
         await import('temporal-a2a' + entry)
         console.log(loaded.filter((url) => url.includes('@temporalio')).length)
       }`,
    )
    expect(printed).toEqual(['0', '0', '0', '0'])
  })

  it.each(['nodenext', 'bundler'])('types resolve under %s', async (resolution) => {
    await compile(
      `import { type AgentContext, agent, serve, type Served } from 'temporal-a2a'
       import { type AgentClient, connect } from 'temporal-a2a/client'
       import type { Task } from 'temporal-a2a/proto'
       import { createServer } from 'temporal-a2a/server'
       import { test } from 'temporal-a2a/testing'
       import { startWorker } from 'temporal-a2a/worker'
       const echo = agent({ id: 'echo' }, (message, ctx: AgentContext) => ctx.step('x', () => message.text))
       export const served: Promise<Served> = serve({ agents: [echo] })
       export const bot: Promise<AgentClient> = connect('https://x')
       export type Id = Task['id']
       export const text: string = test(echo).text()
       export { createServer, startWorker }
       // @ts-expect-error no such option
       await serve({ agents: [echo], smoke: true })
       // @ts-expect-error a number is no result
       agent({ id: 'bad' }, async function* () { yield 5 })`,
      resolution,
      ['--skipLibCheck'],
    )
  })

  it.each([
    ['', ['temporal-a2a/client', 'temporal-a2a/testing', 'temporal-a2a/proto', 'temporal-a2a-client']],
    ['node', ['temporal-a2a']],
  ])('types check in full, libraries too, with --types "%s"', async (types, entries) => {
    const code = entries.map((entry, i) => `export * as e${i} from '${entry}'`).join('\n')
    await compile(code, 'nodenext', ['--skipLibCheck', 'false', '--types', types])
  })

  it('six lines serve a durable agent, and it can be called', async () => {
    await writeFile(
      join(project, 'echo.mjs'),
      `import { agent, serve } from 'temporal-a2a'
       const echo = agent({ id: 'echo', name: 'Echo' }, (message) => \`Echo: \${message.text}\`)
       const { url, stop } = await serve({ agents: [echo], port: 0 })
       console.log(url)
       process.once('SIGTERM', stop)`,
    )
    const server = spawn(process.execPath, ['echo.mjs'], { cwd: project, stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      const [url] = (await once(createInterface(server.stdout), 'line')) as [string]
      expect(await (await (await connect(url)).send('Hello')).text()).toBe('Echo: Hello')
    } finally {
      server.kill('SIGTERM')
      await once(server, 'close')
    }
  })

  it('the command is there', async () => {
    const { stdout } = await run(process.execPath, ['node_modules/.bin/temporal-a2a', '--version'], { cwd: project })
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string }
    expect(stdout.trim()).toBe(version)
  })
})
