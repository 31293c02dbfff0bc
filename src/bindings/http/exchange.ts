/** One HTTP request and its response, HTTP/1.1 or HTTP/2 alike. */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'

export type HttpRequest = IncomingMessage | Http2ServerRequest
export type HttpResponse = ServerResponse | Http2ServerResponse

/** A header's value, several joined by commas; undefined when it is absent. */
export function header(req: HttpRequest, name: string): string | undefined {
  const value = req.headers[name]
  return Array.isArray(value) ? value.join(',') : value
}

/** The media type of a Content-Type header: without parameters, in lower case; empty when absent. */
export function contentType(req: HttpRequest): string {
  return (header(req, 'content-type')?.split(';', 1)[0] ?? '').trim().toLowerCase()
}

/** True for `application/json` and its kin such as `application/a2a+json`. */
export function isJsonType(mediaType: string): boolean {
  return mediaType === 'application/json' || /^application\/[\w.-]+\+json$/.test(mediaType)
}

/** Sends a whole answer. Nothing happens when the peer has gone or an answer has begun. */
export function reply(res: HttpResponse, status: number, headers: OutgoingHttpHeaders, body = ''): void {
  if (res.headersSent || res.destroyed || res.writableEnded) return
  // An answer that cannot have a body has no length either (RFC 9110, section 8.6).
  const head = status === 204 || status === 304 ? headers : { ...headers, 'content-length': Buffer.byteLength(body) }
  ;(res as ServerResponse).writeHead(status, head)
  // A string goes out together with the headers, in one piece; a buffer would not.
  res.end(body)
}

/** Headers of every answer that holds something of a caller or a task. */
export const PRIVATE_HEADERS: OutgoingHttpHeaders = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
}
