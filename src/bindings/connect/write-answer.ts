/** One message, or one error, as the whole answer to a unary call. */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { ConnectError } from '@connectrpc/connect'
import { compressedFlag } from '@connectrpc/connect/protocol'
import { codeToHttpStatus, endStreamFlag, endStreamToJson, errorToJson } from '@connectrpc/connect/protocol-connect'
import { setTrailerStatus } from '@connectrpc/connect/protocol-grpc'
import { trailerFlag } from '@connectrpc/connect/protocol-grpc-web'
import { type HttpResponse, PRIVATE_HEADERS } from '../http/exchange.js'
import { COMPRESS_MIN_BYTES, type Compression } from './gzip.js'
import { FRAME_HEAD_BYTES } from './read-message.js'
import type { RpcWire } from './wire.js'

export async function writeMessage(
  res: HttpResponse,
  wire: RpcWire,
  message: string | Uint8Array,
  compression: Compression | null,
  headers: OutgoingHttpHeaders,
): Promise<void> {
  const length = Buffer.byteLength(message)
  let data = message
  let encoding = {}
  if (compression !== null && length >= COMPRESS_MIN_BYTES) {
    data = await compression.compress(typeof message === 'string' ? Buffer.from(message) : message)
    encoding = { [wire.encodingHeader]: compression.name }
  }
  const head = { ...PRIVATE_HEADERS, 'content-type': wire.type, ...headers, ...encoding }
  const frame: Frame = [data === message ? 0 : compressedFlag, data]
  switch (wire.protocol) {
    case 'connect':
      end(res, 200, head, data)
      break
    case 'grpc-web':
      end(res, 200, head, frames(frame, OK_TRAILER))
      break
    case 'grpc':
      end(res, 200, head, frames(frame), OK_STATUS)
  }
}

/** Also as the whole answer to a streaming call. */
export function writeError(res: HttpResponse, wire: RpcWire, error: ConnectError): void {
  const head = { ...PRIVATE_HEADERS, 'content-type': wire.type }
  const trailers = () => plainHeaders(setTrailerStatus(new Headers(), error))
  switch (wire.protocol) {
    case 'connect':
      if (wire.framed) {
        end(res, 200, head, frames([endStreamFlag, JSON.stringify(endStreamToJson(error.metadata, error, undefined))]))
        break
      }
      Object.assign(head, Object.fromEntries(error.metadata), { 'content-type': 'application/json' })
      end(res, codeToHttpStatus(error.code), head, JSON.stringify(errorToJson(error, undefined)))
      break
    case 'grpc-web':
      end(res, 200, head, frames(trailerFrame(trailers())))
      break
    case 'grpc':
      end(res, 200, head, '', trailers())
  }
}

type Frame = readonly [flags: number, data: string | Uint8Array]

function frames(...list: readonly Frame[]): Buffer {
  const sizes = list.map(([, data]) => Buffer.byteLength(data))
  const all = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + FRAME_HEAD_BYTES + size, 0))
  let at = 0
  for (const [index, [flags, data]] of list.entries()) {
    const size = sizes[index] ?? 0
    all[at] = flags
    all.writeUInt32BE(size, at + 1)
    if (typeof data === 'string') all.write(data, at + FRAME_HEAD_BYTES)
    else all.set(data, at + FRAME_HEAD_BYTES)
    at += FRAME_HEAD_BYTES + size
  }
  return all
}

const OK_STATUS = { 'grpc-status': '0' }
const OK_TRAILER = trailerFrame(OK_STATUS)

function trailerFrame(trailers: Readonly<Record<string, string>>): Frame {
  const lines = Object.entries(trailers).map(([name, value]) => `${name}: ${value}\r\n`)
  return [trailerFlag, lines.join('')]
}

function end(
  res: HttpResponse,
  status: number,
  headers: OutgoingHttpHeaders,
  body: string | Uint8Array,
  trailers?: Readonly<Record<string, string>>,
): void {
  if (res.headersSent || res.destroyed || res.writableEnded) return
  const to = res as ServerResponse
  if (trailers === undefined) {
    to.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) })
  } else {
    to.writeHead(status, headers)
    to.addTrailers(trailers)
  }
  to.end(body)
}

/** For Node, and with a message that every client can read. */
export function plainHeaders(headers: Headers | undefined): Record<string, string> {
  const plain: Record<string, string> = {}
  headers?.forEach((value, name) => {
    plain[name] = name === 'grpc-message' ? grpcMessage(value) : value
  })
  return plain
}

/**
 * Encoded as gRPC wants it: printable ASCII but `%` stays as it is. The library encodes more, which clients by grpc-js do not
 * undo.
 */
function grpcMessage(encoded: string): string {
  return decodeURIComponent(encoded).replace(/[^\x20-\x24\x26-\x7e]+/gu, encodeURIComponent)
}
