/** Receivers of webhooks, from good to hostile, and a policy whose names lead where a test wants. */
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net'
import { type WebhookPolicy, webhookPolicy } from '../../src/push/webhook-policy.js'
import type { Certificate } from './certificate.js'

export interface Listening {
  readonly port: number
  close(): Promise<void>
}

export async function listenHttp(
  onRequest: RequestListener,
  tls?: Certificate,
  host = '127.0.0.1',
  port = 0,
): Promise<Listening> {
  const server = tls === undefined ? createHttpServer(onRequest) : createHttpsServer(tls, onRequest)
  return listen(server, host, port)
}

export async function listenTcp(onSocket: (socket: Socket) => void, host = '127.0.0.1'): Promise<Listening> {
  return listen(createTcpServer(onSocket), host)
}

/** Something that must never be connected to. */
export interface Canary extends Listening {
  readonly hits: number
}

/** Listens on both loopback addresses where the machine has both. */
export async function plantCanary(): Promise<Canary> {
  let hits = 0
  const hit = (socket: Socket) => {
    hits += 1
    socket.destroy()
  }
  const first = await listenTcp(hit)
  const second = await listen(createTcpServer(hit), '::1', first.port).catch(() => undefined)
  return {
    port: first.port,
    get hits() {
      return hits
    },
    async close() {
      await first.close()
      await second?.close()
    },
  }
}

/** @param names addresses of each name; a function is asked each time. Other names are not found. */
export function namedPolicy(
  names: Readonly<Record<string, readonly string[] | (() => readonly string[])>>,
  allow: readonly string[] = [],
): WebhookPolicy {
  return webhookPolicy(allow, async (host) => {
    const found = names[host]
    const addresses = typeof found === 'function' ? found() : found
    if (addresses === undefined) throw Object.assign(new Error(`${host} is not found`), { code: 'ENOTFOUND' })
    return addresses
  })
}

async function listen(server: Server | TcpServer, host: string, port = 0): Promise<Listening> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}
