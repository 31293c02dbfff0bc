/** Load over gRPC: one prepared frame on many streams of a few HTTP/2 connections. */
import http2 from 'node:http2'
import type { LoadResult } from './http1-load.js'

export async function grpcLoad(options: {
  port: number
  path: string
  message: Uint8Array
  connections: number
  /** Requests under way on each connection. */
  streams: number
  ms: number
}): Promise<LoadResult> {
  const { port, path, message, connections, streams, ms } = options
  const frame = Buffer.alloc(5 + message.length)
  frame.writeUInt32BE(message.length, 1)
  frame.set(message, 5)
  const headers = {
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    'a2a-version': '1.0',
  }
  let requests = 0
  let running = true
  const begun = performance.now()
  const call = (session: http2.ClientHttp2Session) =>
    new Promise<void>((resolve, reject) => {
      const stream = session.request(headers)
      let status: unknown
      stream.on('response', (head) => {
        status = head['grpc-status'] ?? status
      })
      stream.on('trailers', (trailers) => {
        status = trailers['grpc-status']
      })
      stream.on('data', () => {})
      stream.on('error', reject)
      stream.on('end', () => {
        if (status !== '0') return reject(new Error(`grpc-status ${String(status)}`))
        requests += 1
        resolve()
      })
      stream.end(frame)
    })
  const sessions = Array.from({ length: connections }, () => http2.connect(`http://127.0.0.1:${port}`))
  const timer = setTimeout(() => {
    running = false
  }, ms)
  await Promise.all(
    sessions.flatMap((session) =>
      Array.from({ length: streams }, async () => {
        while (running) await call(session)
      }),
    ),
  )
  clearTimeout(timer)
  const seconds = (performance.now() - begun) / 1000
  for (const session of sessions) session.close()
  return { requests, perSecond: requests / seconds }
}
