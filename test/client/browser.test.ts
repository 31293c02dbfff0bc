/** The client in a real browser, from another origin than the agent's. */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromiumMissing, openPage } from '../support/chromium.js'
import { CUT_SCRIPT_SEEN, cutScript } from '../support/cut-script.js'
import { type CuttingProxy, startCuttingProxy } from '../support/cutting-proxy.js'
import { startTestServer, type TestServer } from '../support/servers.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

const SCRIPT = cutScript({
  client: "'/client/index.js'",
  agent: "new URLSearchParams(location.search).get('agent')",
  cut: "'/cut'",
  report: "await fetch('/report', { method: 'POST', body: JSON.stringify(seen) })",
})

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
      expect(JSON.parse(await reported)).toEqual(CUT_SCRIPT_SEEN)
      expect(cuts).toBe(3)
      expect(proxy.accepted).toBeGreaterThan(cuts)
    } finally {
      await close()
      pages.closeAllConnections()
      await new Promise((resolve) => pages.close(resolve))
    }
  }, 60_000)
})
