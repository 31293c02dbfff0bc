/** Reads the body of a request: bounded in bytes and in time, and never more of it than needed. */
import { isUtf8 } from 'node:buffer'
import type { JsonValue } from '@bufbuild/protobuf'
import { A2AError, invalidParams } from '../../a2a/errors.js'
import { type HttpRequest, header } from './exchange.js'
import { scanJson } from './scan-json.js'

export interface BodyLimits {
  /** Bytes of a request's body. */
  readonly maxBodyBytes: number
  /** Milliseconds in which the whole body has to arrive. */
  readonly bodyTimeoutMs: number
}

/**
 * @throws A2AError PAYLOAD_TOO_LARGE, REQUEST_TIMEOUT, UNSUPPORTED_MEDIA_TYPE (compressed), INVALID_REQUEST (cut off)
 */
export async function readBody(req: HttpRequest, limits: BodyLimits): Promise<Buffer> {
  const encoding = header(req, 'content-encoding')
  if (encoding !== undefined && encoding !== 'identity') {
    throw new A2AError('UNSUPPORTED_MEDIA_TYPE', 'A compressed request body is not supported here')
  }
  return collect(req, limits)
}

/**
 * The body as it is.
 *
 * @param framing bytes that the body may have besides what the limit is for
 */
export async function collect(req: HttpRequest, limits: BodyLimits, framing = 0): Promise<Buffer> {
  const maxBytes = limits.maxBodyBytes + framing
  if (Number(header(req, 'content-length') ?? 0) > maxBytes) throw tooLarge(limits.maxBodyBytes)
  return new Promise<Buffer>((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    // Over HTTP/1.1 the server keeps the time itself; over HTTP/2 nobody else does.
    const timer =
      req.httpVersionMajor === 1
        ? undefined
        : setTimeout(() => settle(() => reject(timeout(limits))), limits.bodyTimeoutMs)
    const settle = (then: () => void) => {
      clearTimeout(timer)
      req.off('data', onData)
      req.off('end', onEnd)
      req.off('close', onClose)
      then()
    }
    const onData = (chunk: Buffer) => {
      size += chunk.length
      if (size > maxBytes) settle(() => reject(tooLarge(limits.maxBodyBytes)))
      else chunks.push(chunk)
    }
    const onEnd = () => settle(() => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)))
    const onClose = () => settle(() => reject(new A2AError('INVALID_REQUEST', 'The request was cut off')))
    req.on('data', onData)
    req.once('end', onEnd)
    req.once('close', onClose)
    req.on('error', () => {})
  })
}

/**
 * The body as JSON, checked before it is parsed.
 *
 * @throws A2AError PARSE_ERROR not JSON in UTF-8, INVALID_PARAMS hostile in its shape
 */
export function parseJson(body: Buffer): JsonValue {
  const problem = scanJson(body)
  if (problem !== undefined) throw invalidParams([{ field: '', description: `request ${problem}` }])
  try {
    if (!isUtf8(body)) throw new TypeError('not UTF-8')
    return JSON.parse(body.toString()) as JsonValue
  } catch (cause) {
    throw new A2AError('PARSE_ERROR', 'Invalid JSON payload', { cause })
  }
}

export function tooLarge(maxBytes: number): A2AError {
  return new A2AError('PAYLOAD_TOO_LARGE', `The request is larger than the limit of ${maxBytes} bytes`, {
    metadata: { maxBodyBytes: String(maxBytes) },
  })
}

function timeout({ bodyTimeoutMs }: BodyLimits): A2AError {
  return new A2AError('REQUEST_TIMEOUT', `The request did not arrive within ${bodyTimeoutMs} ms`)
}
