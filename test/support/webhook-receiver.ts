/** A webhook's receiver on this machine: keeps what it gets, and answers as a test says. */
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Received {
  readonly path: string
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
  readonly at: number
}

export type Answer = number | { readonly status: number; readonly headers?: Record<string, string> } | 'silence'

export interface WebhookReceiver {
  readonly url: string
  /** In the order in which they came. */
  readonly received: readonly Received[]
  /** Resolves with those of a path when there are so many. */
  got(path: string, count: number): Promise<readonly Received[]>
  close(): Promise<void>
}

/** @param answer to each request; default 204 */
export async function startReceiver(
  answer: (request: Received) => Answer = () => 204,
  port = 0,
  host = '127.0.0.1',
): Promise<WebhookReceiver> {
  const received: Received[] = []
  const waiting = new Set<() => void>()
  const server = http.createServer(async (req, res) => {
    let body = ''
    try {
      for await (const chunk of req) body += chunk
    } catch {
      return
    }
    const request = { path: req.url ?? '', headers: req.headers, body, at: Date.now() }
    received.push(request)
    const said = answer(request)
    for (const look of waiting) look()
    if (said === 'silence') return
    const { status, headers = {} } = typeof said === 'number' ? { status: said } : said
    res.writeHead(status, headers).end()
  })
  server.listen(port, host)
  await once(server, 'listening')
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    received,
    got(path, count) {
      return new Promise((resolve) => {
        const look = () => {
          const those = received.filter((request) => request.path === path)
          if (those.length < count) return
          waiting.delete(look)
          resolve(those)
        }
        waiting.add(look)
        look()
      })
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
