/**
 * One port for HTTP/1.1 and HTTP/2. In clear text the first bytes of a connection tell which it is; with TLS, ALPN does.
 *
 * In clear text the HTTP/1.1 server does the listening, so that its own limits stay in force; its connection listener is
 * replaced by one that looks at the first bytes and hands the socket to the right server.
 */
import http from 'node:http'
import http2, { type Http2Session, type ServerHttp2Session } from 'node:http2'
import type { AddressInfo, Server as NetServer, Socket } from 'node:net'
import type { HttpRequest, HttpResponse } from '../bindings/http/exchange.js'
import { closeWhenIdle } from './idle-session.js'
import type { ServerLimits } from './limits.js'
import { portError } from './port.js'

export interface TlsOptions {
  /** PEM. */
  readonly cert: string | Buffer
  /** PEM. */
  readonly key: string | Buffer
}

export interface ListenerOptions {
  readonly handle: (req: HttpRequest, res: HttpResponse) => void
  readonly limits: ServerLimits
  readonly tls?: TlsOptions
}

export interface Listener {
  /** @returns the port, which the system has chosen when it was 0 */
  listen(port: number, host: string): Promise<number>
  /** Takes no more connections, and asks the open ones to end once their requests are answered. */
  stopAccepting(): void
  /** Ends what is still open. */
  close(): Promise<void>
}

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')

/** Which protocol a connection speaks by its first bytes; undefined while they could still become either. */
export function protocolOf(first: Buffer): 'h1' | 'h2' | undefined {
  const length = Math.min(first.length, PREFACE.length)
  if (PREFACE.compare(first, 0, length, 0, length) !== 0) return 'h1'
  return length === PREFACE.length ? 'h2' : undefined
}

export function createListener({ handle, limits, tls }: ListenerOptions): Listener {
  const sessions = new Set<ServerHttp2Session>()
  const h1Options = {
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.bodyTimeoutMs,
    keepAliveTimeout: limits.keepAliveMs,
    maxHeaderSize: limits.maxHeaderBytes,
    connectionsCheckingInterval: Math.min(limits.headersTimeoutMs, 5_000),
  }
  const h2Options = {
    maxSessionMemory: limits.maxSessionMemoryMb,
    settings: { maxConcurrentStreams: limits.maxStreamsPerConnection, maxHeaderListSize: limits.maxHeaderBytes },
    streamResetBurst: limits.streamResetBurst,
    streamResetRate: limits.streamResetRate,
  }
  const h1 = tls === undefined ? http.createServer(h1Options, handle) : undefined
  const h2 =
    tls === undefined
      ? http2.createServer(h2Options, handle)
      : http2.createSecureServer(
          {
            ...h1Options,
            ...h2Options,
            ...tls,
            allowHTTP1: true,
            minVersion: 'TLSv1.2',
            handshakeTimeout: limits.headersTimeoutMs,
          },
          handle,
        )
  h1?.on('clientError', refuseBroken)
  const front: NetServer = h1 ?? h2
  front.maxConnections = limits.maxConnections
  h2.on('session', (session: ServerHttp2Session) => {
    sessions.add(session)
    const stopPings = keepAlive(session, limits)
    closeWhenIdle(session, limits)
    session.once('close', () => {
      sessions.delete(session)
      stopPings()
    })
  })
  // A broken session ends itself; its requests see their stream close.
  h2.on('sessionError', () => {})
  if (h1 !== undefined) splitByFirstBytes(h1, h2, limits.headersTimeoutMs)
  const sockets = new Set<Socket>()
  // One function for all sockets, which are its `this`: connections are many.
  function forget(this: Socket): void {
    sockets.delete(this)
  }
  front.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', forget)
  })

  return {
    listen(port, host) {
      return new Promise((resolve, reject) => {
        const refuse = (error: Error) => reject(portError(error, port, host))
        front.once('error', refuse)
        front.listen(port, host, () => {
          front.off('error', refuse)
          resolve((front.address() as AddressInfo).port)
        })
      })
    },
    stopAccepting() {
      front.close()
      h1?.closeIdleConnections()
      for (const session of sessions) session.close()
    },
    async close() {
      const closed = new Promise<void>((resolve) => {
        if (front.listening) front.close(() => resolve())
        else front.getConnections((_, count) => (count === 0 ? resolve() : front.once('close', resolve)))
      })
      for (const session of sessions) session.destroy()
      // A session that was asked to end before only says goodbye: a peer that does not answer would hold us up for ever.
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

/** Sockets whose request has been answered while its body was still to come. */
const answeredEarly = new WeakSet<object>()

/** What comes after the answer is not read any more, and must neither hold up the connection nor be answered again. */
export function leaveBody(req: HttpRequest): void {
  if (req.complete) return
  if ('stream' in req) {
    req.stream.close(http2.constants.NGHTTP2_NO_ERROR)
    return
  }
  answeredEarly.add(req.socket)
  req.once('close', () => answeredEarly.delete(req.socket))
  req.resume()
}

const BROKEN: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}

function refuseBroken(error: NodeJS.ErrnoException, socket: import('node:stream').Duplex): void {
  const begun = (socket as { _httpMessage?: { _headerSent?: boolean } })._httpMessage?._headerSent === true
  if (socket.writable && !begun && !answeredEarly.has(socket)) {
    socket.write(`HTTP/1.1 ${BROKEN[error.code ?? ''] ?? '400 Bad Request'}\r\nConnection: close\r\n\r\n`)
  }
  socket.destroy(error)
}

function splitByFirstBytes(h1: http.Server, h2: NetServer, timeoutMs: number): void {
  const listeners = h1.listeners('connection') as ((socket: Socket) => void)[]
  h1.removeAllListeners('connection')
  h1.on('connection', (socket: Socket) => {
    const drop = () => socket.destroy()
    const timer = setTimeout(drop, timeoutMs)
    let held: Buffer | undefined
    // Everything here is gone once the protocol is known: a connection may then stay open for hours.
    const decided = () => {
      clearTimeout(timer)
      socket.off('readable', onReadable)
      socket.off('error', drop)
      socket.off('close', decided)
    }
    const onReadable = () => {
      const chunk = socket.read() as Buffer | null
      if (chunk === null) return
      const first = held === undefined ? chunk : Buffer.concat([held, chunk])
      const protocol = protocolOf(first)
      if (protocol === undefined) {
        // Held, not put back: putting back a piece would make the socket readable again at once, for ever.
        held = first
        return
      }
      decided()
      socket.unshift(first)
      if (protocol === 'h2') {
        // HTTP/1.1 lets a connection be half open; on HTTP/2 the end of one side is the end.
        socket.allowHalfOpen = false
        h2.emit('connection', socket)
      } else for (const listener of listeners) listener.call(h1, socket)
    }
    socket.on('error', drop)
    socket.on('close', decided)
    socket.on('readable', onReadable)
  })
}

/** A peer that vanished without a word is found out by its missing pong. */
function keepAlive(session: Http2Session, { pingMs, pingTimeoutMs }: ServerLimits): () => void {
  let patience: ReturnType<typeof setTimeout> | undefined
  const timer = setInterval(() => {
    patience = setTimeout(() => session.destroy(undefined, http2.constants.NGHTTP2_CANCEL), pingTimeoutMs)
    if (session.destroyed) clearTimeout(patience)
    else session.ping((error) => (error === null ? clearTimeout(patience) : undefined))
  }, pingMs)
  timer.unref()
  return () => {
    clearInterval(timer)
    clearTimeout(patience)
  }
}
