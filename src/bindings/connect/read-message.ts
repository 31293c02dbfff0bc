/**
 * Out of the body of a request, its message: unframed, unpacked, and looked at before it is decoded.
 *
 * The library would do the same, but it decodes whatever comes and calls what it cannot decode an internal error.
 */
import { type DescMessage, type DescMethod, fromBinary, type JsonObject, type MessageShape } from '@bufbuild/protobuf'
import { Code, ConnectError } from '@connectrpc/connect'
import {
  compressedFlag,
  compressionNegotiate,
  encodeEnvelope,
  pipe,
  transformSplitEnvelope,
} from '@connectrpc/connect/protocol'
import { A2AError, invalidParams } from '../../a2a/errors.js'
import { readRequest, requestToJson } from '../../a2a/proto-json.js'
import { type BodyLimits, collect, parseJson, tooLarge } from '../http/body.js'
import { type HttpRequest, header } from '../http/exchange.js'
import { toConnectError } from './errors.js'
import { type Compression, gzipCompression } from './gzip.js'
import { scanProtobuf } from './scan-protobuf.js'
import type { RpcWire } from './wire.js'

export interface MessageLimits extends BodyLimits {
  /** Bytes of one message, after decompression. */
  readonly maxMessageBytes: number
}

/** A flag and a length before each message of a framed wire. */
export const FRAME_HEAD_BYTES = 5

export interface Encoding {
  /** How messages of the request may be compressed. */
  readonly request: Compression | null
  /** How messages of the answer may be. */
  readonly response: Compression | null
}

/** @throws ConnectError UNIMPLEMENTED a compression that is not known here */
export function negotiateEncoding(req: HttpRequest, { encodingHeader, acceptHeader }: RpcWire): Encoding {
  const asked = header(req, encodingHeader) ?? null
  const accepted = header(req, acceptHeader) ?? null
  if (asked === null && accepted === null) return PLAIN
  const { error, ...encoding } = compressionNegotiate([gzipCompression], asked, accepted, acceptHeader)
  if (error !== undefined) throw error
  return encoding
}

const PLAIN: Encoding = { request: null, response: null }

/**
 * The one message of a unary request.
 *
 * @throws A2AError | ConnectError
 */
export async function readMessage(
  req: HttpRequest,
  wire: RpcWire,
  desc: DescMessage,
  encoding: Encoding,
  limits: MessageLimits,
): Promise<JsonObject> {
  const { maxMessageBytes } = limits
  const body = await collectMessage(req, wire, limits)
  const { compressed, data } = wire.framed
    ? onlyFrame(body, maxMessageBytes)
    : { compressed: encoding.request !== null, data: body }
  return decodeMessage(wire, desc, compressed ? await unpack(data, encoding, maxMessageBytes) : data)
}

function onlyFrame(body: Buffer, maxBytes: number): { compressed: boolean; data: Buffer } {
  // The codes of a count other than one are those of gRPC, for a unary method that is called like a stream.
  if (body.length === 0) throw new ConnectError('The request has no message', Code.Unimplemented)
  if (body.length < FRAME_HEAD_BYTES) throw cutOff()
  const length = body.readUInt32BE(1)
  if (length > maxBytes) throw tooLarge(maxBytes)
  const rest = body.length - FRAME_HEAD_BYTES - length
  if (rest < 0) throw cutOff()
  if (rest > 0) throw new ConnectError('The request has more than one message', Code.Unimplemented)
  return { compressed: isCompressed(body[0] ?? 0), data: body.subarray(FRAME_HEAD_BYTES) }
}

function cutOff(): A2AError {
  return new A2AError('INVALID_REQUEST', 'The message was cut off')
}

function isCompressed(flags: number): boolean {
  if ((flags & ~compressedFlag) !== 0)
    throw new A2AError('INVALID_REQUEST', 'The frame of the message has unknown flags')
  return flags !== 0
}

async function unpack(data: Uint8Array, { request }: Encoding, maxBytes: number): Promise<Uint8Array> {
  // The code that the gRPC and Connect specifications ask for.
  if (request === null) throw new ConnectError('The message is compressed, and no header says how', Code.Internal)
  return request.decompress(data, maxBytes)
}

/** @throws A2AError PARSE_ERROR, INVALID_PARAMS */
function decodeMessage(wire: RpcWire, desc: DescMessage, data: Uint8Array): JsonObject {
  if (wire.json) return readRequest(desc, parseJson(Buffer.from(data.buffer, data.byteOffset, data.length)))
  const problem = scanProtobuf(desc, data)
  if (problem !== undefined) throw invalidParams([{ field: '', description: `request ${problem}` }])
  let message: MessageShape<DescMessage>
  try {
    message = fromBinary(desc, data, { readUnknownFields: false })
  } catch (cause) {
    throw new A2AError('PARSE_ERROR', 'The message is not valid protobuf', { cause })
  }
  return requestToJson(desc, message)
}

/**
 * The body again, for the library: each message on its own, unpacked, and known to be one that can be decoded.
 *
 * @throws ConnectError
 */
export async function* checkedBody(
  req: HttpRequest,
  wire: RpcWire,
  { input, methodKind }: DescMethod,
  limits: MessageLimits,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { maxMessageBytes } = limits
  try {
    const encoding = negotiateEncoding(req, wire)
    const checked = async (data: Uint8Array, compressed: boolean) => {
      const plain = compressed ? await unpack(data, encoding, maxMessageBytes) : data
      const json = decodeMessage(wire, input, plain)
      return wire.json ? Buffer.from(JSON.stringify(json)) : plain
    }
    if (!wire.framed) {
      yield await checked(await collectMessage(req, wire, limits), encoding.request !== null)
      return
    }
    const body =
      methodKind === 'bidi_streaming' ? (req as AsyncIterable<Buffer>) : only(collectMessage(req, wire, limits))
    for await (const { flags, data } of pipe(body, transformSplitEnvelope(maxMessageBytes))) {
      yield encodeEnvelope(0, await checked(data, isCompressed(flags)))
    }
  } catch (error) {
    throw toConnectError(error)
  }
}

async function* only(body: Promise<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  yield await body
}

function collectMessage(req: HttpRequest, wire: RpcWire, { maxMessageBytes, bodyTimeoutMs }: MessageLimits) {
  return collect(req, { maxBodyBytes: maxMessageBytes, bodyTimeoutMs }, wire.framed ? FRAME_HEAD_BYTES : 0)
}
