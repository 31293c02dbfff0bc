/**
 * The client in Deno and Bun, as the package `temporal-a2a-client` gives it to them. They are found on PATH, or where
 * `.ci/run` puts them, outside of the repository.
 */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { versionOf } from '../interop/run-tool.js'
import { CUT_SCRIPT_SEEN, cutScript } from '../support/cut-script.js'
import { type CuttingProxy, startCuttingProxy } from '../support/cutting-proxy.js'
import { isRequired } from '../support/required.js'
import { startTestServer, type TestServer } from '../support/servers.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'temporal-a2a', 'runtimes')
const run = promisify(execFile)

/** Only what the client needs: to call out. */
const RUNTIMES = [
  ['deno', ['run', '--allow-net=127.0.0.1', '--no-prompt']],
  ['bun', ['run']],
] as const

function find(name: string): string | undefined {
  return [name, join(CACHE, 'node_modules', '.bin', name)].find((file) => versionOf(file) !== undefined)
}

let project: string
let server: TestServer
let proxy: CuttingProxy
let control: http.Server
let cuts = 0

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'temporal-a2a-runtimes-'))
  const own = join(project, 'node_modules', 'temporal-a2a-client')
  await mkdir(own, { recursive: true })
  await run(process.execPath, [join(ROOT, 'scripts/client-package.mjs'), own], { cwd: ROOT })
  // Its dependencies, as they are installed here.
  await symlink(join(ROOT, 'node_modules'), join(own, 'node_modules'))
  await writeFile(join(project, 'package.json'), '{"type":"module"}')
  proxy = await startCuttingProxy({ port: () => server.port })
  server = await startTestServer({ engine: 'memory', publicUrl: proxy.url })
  control = http.createServer((_, res) => {
    cuts += 1
    proxy.cut()
    res.end()
  })
  await new Promise<void>((resolve) => control.listen(0, '127.0.0.1', resolve))
  const { port } = control.address() as AddressInfo
  const text = cutScript({
    client: "'temporal-a2a-client'",
    agent: JSON.stringify(proxy.url),
    cut: `'http://127.0.0.1:${port}'`,
    report: 'console.log(JSON.stringify(seen))',
  })
  await writeFile(join(project, 'call.mjs'), text)
}, 60_000)

afterAll(async () => {
  control.closeAllConnections()
  await new Promise((resolve) => control.close(resolve))
  await proxy.stop()
  await server.stop()
  await rm(project, { recursive: true, force: true })
})

describe.each(RUNTIMES)('in %s, the client', (name, args) => {
  const program = find(name)
  const install = `npm install --prefix ${CACHE} deno bun`

  it.runIf(isRequired(name))('has its runtime', () => {
    expect(program, install).toBeDefined()
  })

  it.skipIf(program === undefined)(
    program === undefined
      ? `skipped, not installed: ${install}`
      : 'sends, and streams through connections that are cut, over every transport of fetch',
    async () => {
      const before = cuts
      const { stdout } = await run(program ?? name, [...args, 'call.mjs'], { cwd: project })
      expect(JSON.parse(stdout)).toEqual(CUT_SCRIPT_SEEN)
      expect(cuts - before).toBe(3)
    },
    60_000,
  )
})
