/** What callers install and load: the client alone is small, and needs neither Temporal nor Node. */
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestServer } from '../support/servers.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const run = promisify(execFile)

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'temporal-a2a-client-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

async function bytesOf(path: string): Promise<number> {
  const info = await stat(path)
  if (!info.isDirectory()) return info.size
  const sizes = await Promise.all((await readdir(path)).map((name) => bytesOf(join(path, name))))
  return sizes.reduce((sum, size) => sum + size, 0)
}

describe('in a browser, the client', () => {
  async function bundle(entry: string) {
    const input = join(directory, 'entry.ts')
    await writeFile(input, entry)
    const warnings: string[] = []
    const build = await rolldown({
      input,
      platform: 'browser',
      resolve: { modules: [join(ROOT, 'node_modules')] },
      onwarn: ({ message }) => void warnings.push(message),
    })
    const { output } = await build.generate({ format: 'es', minify: true })
    await build.close()
    const chunks = output.flatMap((chunk) => (chunk.type === 'chunk' ? [chunk] : []))
    const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]))
    /** The chunks that are loaded with this one. */
    const withImports = (name: string, found = new Set<string>()): Set<string> => {
      if (found.has(name)) return found
      found.add(name)
      for (const each of byName.get(name)?.imports ?? []) withImports(each, found)
      return found
    }
    const named = (module: string) =>
      chunks.find(({ facadeModuleId }) => facadeModuleId?.endsWith(module))?.fileName ?? `no ${module}`
    const gzipped = (names: Iterable<string>) =>
      [...new Set(names)].reduce((sum, name) => {
        const chunk = byName.get(name)
        if (chunk === undefined) throw new Error(`no chunk ${name}`)
        return sum + gzipSync(chunk.code).length
      }, 0)
    return { chunks, warnings, withImports, named, gzipped }
  }

  it('is at most 60 kB for JSON-RPC and Connect, at most 20 kB for JSON-RPC alone, and asks for nothing of Node', async () => {
    const { chunks, warnings, withImports, named, gzipped } = await bundle(
      `export { connect } from ${JSON.stringify(join(ROOT, 'src/client/index.ts'))}`,
    )
    expect(warnings).toEqual([])
    for (const { code, imports, dynamicImports } of chunks) {
      expect(code).not.toMatch(/["']node:/)
      expect(code).not.toContain('@temporalio')
      for (const name of [...imports, ...dynamicImports]) expect(name).toMatch(/\.js$/)
    }
    const start = withImports(named('/entry.ts'))
    expect(gzipped([...start, ...withImports(named('/transports/jsonrpc.ts'))])).toBeLessThanOrEqual(20_000)
    expect(gzipped([...start, ...withImports(named('/transports/connect.ts'))])).toBeLessThanOrEqual(60_000)
  })
})

describe('the package temporal-a2a-client', () => {
  let project: string

  /** With its dependencies, and theirs, as an installation has them. */
  beforeAll(async () => {
    project = join(directory, 'project')
    const modules = join(project, 'node_modules')
    const own = join(modules, 'temporal-a2a-client')
    await run(process.execPath, [join(ROOT, 'scripts/client-package.mjs'), own], { cwd: ROOT })
    const install = async (name: string) => {
      await mkdir(join(modules, name, '..'), { recursive: true })
      await cp(join(ROOT, 'node_modules', name), join(modules, name), { recursive: true })
      await installAll(join(modules, name))
    }
    const installAll = async (path: string) => {
      const { dependencies = {} } = JSON.parse(await readFile(join(path, 'package.json'), 'utf8')) as {
        dependencies?: Record<string, string>
      }
      for (const name of Object.keys(dependencies)) await install(name)
    }
    await installAll(own)
    await writeFile(join(project, 'package.json'), '{"type":"module"}')
  }, 60_000)

  it('is at most 6 MB with all that it depends on', async () => {
    expect(await bytesOf(join(project, 'node_modules'))).toBeLessThanOrEqual(6_000_000)
  })

  it('has pinned dependencies, and Connect for Node only where gRPC is wanted', async () => {
    const own = JSON.parse(
      await readFile(join(project, 'node_modules/temporal-a2a-client/package.json'), 'utf8'),
    ) as Record<string, Record<string, string>>
    const main = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as typeof own
    expect(own.version).toBe(main.version)
    expect(Object.keys(own.dependencies ?? {})).toEqual([
      '@bufbuild/protobuf',
      '@connectrpc/connect',
      '@connectrpc/connect-web',
      'canonicalize',
      'eventsource-parser',
      'jose',
    ])
    for (const [name, version] of Object.entries(own.dependencies ?? {})) {
      expect(version, name).toBe(main.dependencies?.[name])
      expect(version).toMatch(/^\d/)
    }
    expect(own.peerDependenciesMeta).toEqual({ '@connectrpc/connect-node': { optional: true } })
  })

  it('has a README whose code imports what the package brings, and whose links lead somewhere', async () => {
    const readme = await readFile(join(project, 'node_modules/temporal-a2a-client/README.md'), 'utf8')
    expect(readme).toMatch(/^# temporal-a2a-client\n/)
    expect(readme).toContain('npm install temporal-a2a-client\n')
    const imported = new Set([...readme.matchAll(/ from '([^']+)'/g)].map(([, name = '']) => name))
    expect([...imported].filter((name) => name.startsWith('temporal-a2a')).sort()).toEqual([
      'temporal-a2a-client',
      'temporal-a2a-client/proto',
    ])
    await writeFile(join(project, 'imports.mjs'), [...imported].map((name) => `import '${name}'\n`).join(''))
    await run(process.execPath, ['imports.mjs'], { cwd: project })
    for (const [, target = ''] of readme.matchAll(/\]\(([^)]*)\)/g)) expect(target).toMatch(/^(https:|#)/)
  })

  it('calls an agent from a project of its own', async () => {
    const server = await startTestServer({ engine: 'memory' })
    try {
      await writeFile(
        join(project, 'call.mjs'),
        `import { connect, isA2AError, verifyCard } from 'temporal-a2a-client'
         import { A2AService } from 'temporal-a2a-client/proto'
         const url = ${JSON.stringify(server.url)}
         for (const transport of ['jsonrpc', 'rest', 'connect']) {
           const bot = await connect(url, { transports: [transport] })
           console.log(transport, await (await bot.send('chunks a b')).text())
         }
         const unsigned = await verifyCard({ name: 'x' }, { keys: {} }).catch((error) => error)
         console.log(unsigned.name)
         const none = await connect(url, { transports: ['grpc'] }).catch((error) => error)
         console.log(isA2AError(none), none.message, A2AService.typeName)`,
      )
      const { stdout } = await run(process.execPath, ['call.mjs'], { cwd: project })
      expect(stdout.trim().split('\n')).toEqual([
        'jsonrpc ab',
        'rest ab',
        'connect ab',
        'CardNotVerifiedError',
        'true gRPC needs Node and the package @connectrpc/connect-node lf.a2a.v1.A2AService',
      ])
    } finally {
      await server.stop()
    }
  })

  it.each(['nodenext', 'bundler'])(
    'has types under moduleResolution %s',
    async (resolution) => {
      await writeFile(
        join(project, 'types.ts'),
        `import { type AgentClient, bearer, connect, type Run } from 'temporal-a2a-client'
       import type { Task } from 'temporal-a2a-client/proto'
       const bot: AgentClient = await connect('https://x', { auth: bearer('t'), transports: ['connect'] })
       const run: Run = await bot.send('hi')
       for await (const event of run.events()) event.artifactUpdate?.artifact?.parts satisfies unknown[] | undefined
       // @ts-expect-error no such transport
       await connect('https://x', { transports: ['smoke'] })
       export type Id = Task['id']
       export const text: string = await run.text()`,
      )
      const flags = ['--noEmit', '--strict', '--target', 'es2023', '--lib', 'es2024,dom', '--types', '']
      const modules = ['--module', resolution === 'bundler' ? 'esnext' : 'nodenext', '--moduleResolution', resolution]
      const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
      await run(process.execPath, [tsc, ...flags, ...modules, 'types.ts'], { cwd: project }).catch(
        (error: { stdout?: string }) => {
          throw new Error(error.stdout)
        },
      )
    },
    30_000,
  )
})
