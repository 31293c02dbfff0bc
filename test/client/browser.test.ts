/** The client in a real browser, from another origin than the agent's. */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromiumMissing, openPage } from '../support/chromium.js'
import { type CuttingProxy, startCuttingProxy } from '../support/cutting-proxy.js'
import { startTestServer, type TestServer } from '../support/servers.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Runs in the page: sends, streams over a connection that is cut meanwhile, and reports what it has seen. */
const SCRIPT = `
  import { connect } from '/client/index.js'
  const seen = {}
  try {
    for (const transport of ['jsonrpc', 'rest', 'connect']) {
      const bot = await connect(new URLSearchParams(location.search).get('agent'), { transports: [transport] })
      const run = await bot.stream('slow 0 1 2 3 4 5 6 7 8 9')
      let text = ''
      for await (const chunk of run.textStream()) {
        text += chunk
        if (chunk === '2') await fetch('/cut', { method: 'POST' })
      }
      const asked = await bot.send('ask which?')
      await asked.reply('this')
      const error = await bot.getTask({ id: 'none' }).catch((thrown) => thrown)
      seen[transport] = [text, run.state, await asked.text(), error.reason]
    }
  } catch (error) {
    seen.error = String(error && error.stack)
  }
  await fetch('/report', { method: 'POST', body: JSON.stringify(seen) })
`

describe.skipIf(chromiumMissing !== '')(`in Chromium${chromiumMissing}`, () => {
  let server: TestServer
  let proxy: CuttingProxy
  let files: Map<string, string>

  beforeAll(async () => {
    const bundle = await rolldown({ input: { index: `${ROOT}src/client/index.ts` }, platform: 'browser' })
    const { output } = await bundle.generate({ format: 'es' })
    await bundle.close()
    files = new Map(
      output.flatMap((chunk) => (chunk.type === 'chunk' ? [[`/client/${chunk.fileName}`, chunk.code]] : [])),
    )
    proxy = await startCuttingProxy({ port: () => server.port })
    server = await startTestServer({ engine: 'memory', corsOrigins: ['*'], publicUrl: proxy.url })
  }, 60_000)

  afterAll(async () => {
    await proxy.stop()
    await server.stop()
  })

  it('streams over SSE and Connect, through connections that are cut', async () => {
    let report: (seen: string) => void = () => {}
    const reported = new Promise<string>((resolve) => {
      report = resolve
    })
    let cuts = 0
    const pages = http.createServer((req, res) => {
      let body = ''
      req.on('data', (chunk: Buffer) => {
        body += chunk.toString()
      })
      req.on('end', () => {
        const path = req.url?.split('?')[0] ?? ''
        const file = files.get(path)
        if (path === '/cut') {
          cuts += 1
          proxy.cut()
        }
        if (path === '/report') report(body)
        res.setHeader('content-type', file === undefined ? 'text/html' : 'text/javascript')
        res.end(file ?? (path === '/' ? `<script type="module">${SCRIPT}</script>` : ''))
      })
    })
    await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve))
    const page = `http://127.0.0.1:${(pages.address() as AddressInfo).port}/?agent=${encodeURIComponent(proxy.url)}`
    const close = await openPage(page)
    try {
      const expected = ['0123456789', 'TASK_STATE_COMPLETED', 'turn 2 after UA: this', 'TASK_NOT_FOUND']
      expect(JSON.parse(await reported)).toEqual({ jsonrpc: expected, rest: expected, connect: expected })
      expect(cuts).toBe(3)
      expect(proxy.accepted).toBeGreaterThan(cuts)
    } finally {
      await close()
      pages.closeAllConnections()
      await new Promise((resolve) => pages.close(resolve))
    }
  }, 60_000)
})
