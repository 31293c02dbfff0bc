/**
 * Load over HTTP/1.1 by bare sockets: one prepared request, sent again on a connection as soon as its answer is whole. A
 * client that did more would be slower than what it measures.
 */
import net from 'node:net'

export interface LoadResult {
  readonly perSecond: number
  readonly requests: number
}

export async function http1Load(options: {
  port: number
  path: string
  body: string
  headers?: Readonly<Record<string, string>>
  connections: number
  ms: number
  /** Must be in the answer. */
  expect: string
}): Promise<LoadResult> {
  const { port, path, body, connections, ms, expect } = options
  const headers = { host: `127.0.0.1:${port}`, 'content-type': 'application/json', ...options.headers }
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const request = Buffer.from(
    `POST ${path} HTTP/1.1\r\n${head.join('')}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
  let requests = 0
  let running = true
  const begun = performance.now()
  const lane = () =>
    new Promise<void>((resolve, reject) => {
      const socket = net.connect(port, '127.0.0.1', () => socket.write(request))
      socket.setNoDelay(true)
      let held: Buffer | undefined
      socket.on('data', (chunk) => {
        const data = held === undefined ? chunk : Buffer.concat([held, chunk])
        const end = endOfAnswer(data)
        if (end < 0) {
          held = data
          return
        }
        held = undefined
        if (requests < 10 && !data.includes(expect)) reject(new Error(`not the answer: ${data.toString()}`))
        requests += 1
        if (running) socket.write(request)
        else socket.end()
      })
      socket.on('error', reject)
      socket.on('close', () => resolve())
    })
  const lanes = Promise.all(Array.from({ length: connections }, lane))
  const timer = setTimeout(() => {
    running = false
  }, ms)
  await lanes
  clearTimeout(timer)
  return { requests, perSecond: (requests / (performance.now() - begun)) * 1000 }
}

/** Where the answer ends, by its Content-Length; -1 while it is not whole. */
function endOfAnswer(data: Buffer): number {
  const headEnd = data.indexOf('\r\n\r\n')
  if (headEnd < 0) return -1
  const match = /content-length: (\d+)/i.exec(data.toString('latin1', 0, headEnd))
  const length = Number(match?.[1] ?? 0)
  return data.length >= headEnd + 4 + length ? headEnd + 4 + length : -1
}
