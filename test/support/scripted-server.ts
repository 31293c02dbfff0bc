/** A JSON-RPC agent whose every answer is written by the test: what no real server would do on request. */
import http, { type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { JsonObject } from '@bufbuild/protobuf'
import type { StreamResponseJson } from '../../gen/lf/a2a/v1/a2a_pb.js'

export interface ScriptedCall {
  readonly method: string
  readonly params: JsonObject
  readonly headers: IncomingHttpHeaders
  readonly at: number
  readonly res: ServerResponse
  /** A JSON answer. */
  result(result: unknown): void
  error(code: number, message: string, data?: unknown): void
  status(status: number, headers?: Record<string, string>, body?: string): void
  /** One server-sent event; the first opens the stream. */
  event(event: StreamResponseJson, id?: string): void
  raw(text: string): void
  end(): void
  /** Resets the connection. */
  cut(): void
}

export interface ScriptedServer {
  readonly url: string
  readonly card: JsonObject
  readonly calls: ScriptedCall[]
  stop(): Promise<void>
}

/** @param answers the answer to each call, in order; the last one answers all that follow */
export async function startScriptedServer(
  answers: readonly ((call: ScriptedCall) => void | Promise<void>)[],
  capabilities: JsonObject = { streaming: true },
): Promise<ScriptedServer> {
  const calls: ScriptedCall[] = []
  const server = http.createServer((req, res) => {
    let text = ''
    res.on('error', () => {})
    req.setEncoding('utf8')
    req.on('data', (chunk: string) => {
      text += chunk
    })
    req.on('end', () => {
      const { id, method, params } = JSON.parse(text) as { id: string; method: string; params: JsonObject }
      const json = (body: object) => {
        res.writeHead(200, { 'content-type': 'application/json' })
        res.end(JSON.stringify({ jsonrpc: '2.0', id, ...body }))
      }
      const raw = (data: string) => {
        if (!res.headersSent) res.writeHead(200, { 'content-type': 'text/event-stream' })
        res.write(data)
      }
      const call: ScriptedCall = {
        method,
        params,
        headers: req.headers,
        at: Date.now(),
        res,
        result: (result) => json({ result }),
        error: (code, message, data) => json({ error: { code, message, data } }),
        status(status, headers = {}, body = '') {
          res.writeHead(status, headers)
          res.end(body)
        },
        event(event, eventId) {
          const data = JSON.stringify({ jsonrpc: '2.0', id, result: event })
          raw(`${eventId === undefined ? '' : `id: ${eventId}\n`}data: ${data}\n\n`)
        },
        raw,
        end: () => res.end(),
        cut: () => res.socket?.resetAndDestroy(),
      }
      calls.push(call)
      void answers[Math.min(calls.length, answers.length) - 1]?.(call)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    card: {
      name: 'scripted by the test',
      description: '',
      version: '1',
      supportedInterfaces: [{ url: `${url}/`, protocolBinding: 'JSONRPC', protocolVersion: '1.0' }],
      capabilities,
      skills: [],
    },
    calls,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
