/** HTTP/2 connections on which nothing is asked: each would take one of `maxConnections` for as long as its peer likes. */
import http2, { type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import type { ServerLimits } from './limits.js'

/** Nothing that is under way yet is turned away by a GOAWAY with this id. */
const ANY_STREAM = 2 ** 31 - 1

/**
 * Asks the peer to go once there was no stream for `keepAliveMs`, and ends the connection when it is still
 * there and idle after `pingTimeoutMs`. What it asks in between is answered.
 */
export function closeWhenIdle(
  session: ServerHttp2Session,
  { keepAliveMs, pingTimeoutMs }: Pick<ServerLimits, 'keepAliveMs' | 'pingTimeoutMs'>,
): void {
  let open = 0
  let idleSince = performance.now()
  let asked = false
  let timer: ReturnType<typeof setTimeout> | undefined

  // Requests are many, so the timer stays as it is while they come and go, and looks when it fires.
  const wait = () => {
    const left = (asked ? pingTimeoutMs : keepAliveMs) - (performance.now() - idleSince)
    timer = setTimeout(look, Math.max(Math.ceil(left), 0)).unref()
  }
  const look = () => {
    timer = undefined
    if (open > 0) return
    const idleMs = performance.now() - idleSince
    if (idleMs < (asked ? pingTimeoutMs : keepAliveMs)) return wait()
    if (asked) return session.destroy()
    asked = true
    idleSince = performance.now()
    session.goaway(http2.constants.NGHTTP2_NO_ERROR, ANY_STREAM)
    wait()
  }
  const onStreamClose = () => {
    open -= 1
    if (open > 0) return
    idleSince = performance.now()
    if (timer === undefined && !session.destroyed) wait()
  }
  session.on('stream', (stream: ServerHttp2Stream) => {
    open += 1
    stream.once('close', onStreamClose)
  })
  session.once('close', () => clearTimeout(timer))
  wait()
}
