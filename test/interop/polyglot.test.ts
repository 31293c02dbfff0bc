/**
 * The clients of `examples/clients/`, each generated and run by the lines of the README there against one server that
 * serves the examples and insists on a version. Where a tool chain is missing its test is skipped, and says what to install.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import http from 'node:http'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { booking, echo, writer } from '../../examples/agents.js'
import { chromiumMissing, openPage } from '../support/chromium.js'
import { isExcluded, isRequired } from '../support/required.js'
import { startTestServer, type TestServer } from '../support/servers.js'
import { endTools, ROOT, runTool, versionOf } from './run-tool.js'

const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'temporal-a2a')
const VENV = join(CACHE, 'clients-python')

/** The first run fetches what a client depends on, and compiles its generators. */
const MAX_MS = 400_000

const goVersion = Number(/go1\.(\d+)/.exec(versionOf('go', 'version') ?? '')?.[1] ?? 0)

/** Heading in the README, name for `TEMPORAL_A2A_TEST_REQUIRE`, whether the tool chain is here, what installs it. */
const CLIENTS: readonly (readonly [heading: string, name: string, found: boolean, install: string])[] = [
  [
    'Python',
    'clients-python',
    versionOf(join(VENV, 'bin', 'python')) !== undefined,
    `python3 -m venv ${VENV} && ${VENV}/bin/pip install -r examples/clients/python/requirements.txt`,
  ],
  ['Go', 'go', goVersion >= 26, 'Go 1.26 or later: https://go.dev/dl'],
  [
    'Java',
    'java',
    versionOf('mvn') !== undefined && versionOf('javac') !== undefined,
    'apt-get install default-jdk-headless maven',
  ],
  ['curl', 'jq', versionOf('curl') !== undefined && versionOf('jq') !== undefined, 'apt-get install curl jq'],
]

const PATH = [join(VENV, 'bin'), join(ROOT, 'node_modules/.bin'), dirname(process.execPath), process.env.PATH].join(
  delimiter,
)

/** A compiler that warms up gains nothing in a run of seconds; without it Maven takes half of the time. */
const MAVEN_OPTS = `${process.env.MAVEN_OPTS ?? ''} -XX:TieredStopAtLevel=1 -XX:+UseSerialGC`

/** The same of every client; the enums of some languages are without their prefix. */
const SEEN =
  /^send: (TASK_STATE_)?COMPLETED\nstream: About rain: A task begins .* said twice\. \nget: (TASK_STATE_)?COMPLETED\ncancel: (TASK_STATE_)?CANCELED\n$/

let server: TestServer
let readme: string

beforeAll(async () => {
  readme = await readFile(join(ROOT, 'examples/clients/README.md'), 'utf8')
  server = await startTestServer({
    engine: 'memory',
    agents: [writer, echo, booking],
    strictVersion: true,
    corsOrigins: ['*'],
  })
})

afterAll(async () => {
  await endTools()
  await server?.stop()
})

/** The last shell lines under a heading: those that are run each time. */
function lines(heading: string): string {
  const section = readme.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? ''
  const blocks = [...section.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, code]) => code ?? '')
  return (blocks.at(-1) ?? 'exit 9').replaceAll('http://127.0.0.1:4242', server.url)
}

describe.each(CLIENTS)('the client in %s', (heading, name, present, install) => {
  const found = present && !isExcluded(name)

  it.runIf(isRequired(name))('has its tool chain', () => {
    expect(found, install).toBe(true)
  })

  it.skipIf(!found)(
    found ? 'sends, streams, gets and cancels' : `skipped, not installed: ${install}`,
    async () => {
      const script = `export PATH='${PATH}' MAVEN_OPTS='${MAVEN_OPTS}'\nset -e\n${lines(heading)}`
      const { code, stdout, stderr } = await runTool('sh', ['-c', script], MAX_MS)
      expect(code, stderr).toBe(0)
      const seen = stripVTControlCharacters(stdout)
      expect(seen.slice(seen.indexOf('send:'))).toMatch(SEEN)
    },
    MAX_MS,
  )
})

describe.skipIf(chromiumMissing !== '')(`the client in a browser${chromiumMissing}`, () => {
  let builder: ChildProcess | undefined

  afterAll(async () => {
    if (builder === undefined || builder.exitCode !== null || builder.signalCode !== null) return
    builder.kill()
    await once(builder, 'close')
  })

  /** Serves the page with the line of the README, on a free port. It would end with its standard input. */
  function serveExample(): Promise<string> {
    const line = lines('Browser').replace('npx esbuild', 'exec esbuild').replace(':8000', ':0')
    const child = spawn('sh', ['-c', line], {
      cwd: ROOT,
      env: { ...process.env, PATH },
      stdio: ['pipe', 'ignore', 'pipe'],
    })
    builder = child
    return new Promise((resolve, reject) => {
      let said = ''
      child.stderr.on('data', (chunk: Buffer) => {
        said += chunk.toString()
        const found = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0]
        if (found !== undefined) resolve(found)
      })
      child.once('close', () => reject(new Error(`ended before it served: ${said}`)))
    })
  }

  it('sends, streams, gets and cancels', async () => {
    const example = await serveExample()
    let report: (seen: string) => void = () => {}
    const reported = new Promise<string>((resolve) => {
      report = resolve
    })
    // The page as it is, with an observer behind it that tells what the page shows at its end.
    const observer = `<script>
      const pre = document.querySelector('pre')
      new MutationObserver(() => {
        if (!/cancel: .*\\n|rror/.test(pre.textContent)) return
        fetch('/report', { method: 'POST', body: pre.textContent })
      }).observe(pre, { childList: true })
    </script>`
    const pages = http.createServer(async (req, res) => {
      const path = req.url?.split('?')[0] ?? ''
      if (path === '/report') {
        let body = ''
        for await (const chunk of req) body += chunk
        report(body)
        return res.end()
      }
      const answer = await fetch(`${example}${path}`)
      res.setHeader('content-type', answer.headers.get('content-type') ?? 'text/plain')
      res.end((await answer.text()) + (path === '/' ? observer : ''))
    })
    await once(pages.listen(0, '127.0.0.1'), 'listening')
    const { port } = pages.address() as { port: number }
    const close = await openPage(`http://127.0.0.1:${port}/?agent=${encodeURIComponent(server.url)}`)
    try {
      expect(await reported).toMatch(SEEN)
    } finally {
      await close()
      pages.closeAllConnections()
      await new Promise((resolve) => pages.close(resolve))
    }
  }, 60_000)
})
