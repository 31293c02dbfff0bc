/**
 * Whether an answer has the form of its wire. Every code and name is written out here and never taken from the source;
 * what a client may never be told, whatever it sends, is simply not in the tables.
 */
import { type DescMethod, fromBinary, type JsonObject, type JsonValue, toJson } from '@bufbuild/protobuf'
import { BadRequestSchema, ErrorInfoSchema } from '../../../gen/google/rpc/error_details_pb.js'
import { StatusSchema } from '../../../gen/google/rpc/status_pb.js'
import type { HttpAnswer } from './answer.js'

/**
 * `rest-old`: as before 1.0. `http`: before any binding is known; an answer of HTTP itself, or in the form of REST. `head`:
 * the same to a HEAD, which never has a body. `any`: whichever of them its media type says it is.
 */
export type Form =
  | 'jsonrpc'
  | 'rest'
  | 'rest-old'
  | 'connect'
  | 'connect-stream'
  | 'grpc'
  | 'grpc-web'
  | 'http'
  | 'head'
  | 'any'

export interface Verdict {
  readonly ok: boolean
  /** The wire's own code of an error: a number of JSON-RPC, an HTTP status, a name of Connect, a number of gRPC. */
  readonly code: number | string
  /** Of google.rpc.ErrorInfo; empty when the wire's own library has answered. */
  readonly reason: string
  /** Fields of google.rpc.BadRequest. */
  readonly fields: readonly string[]
  readonly message: string
  /** What was answered as JSON, one for each event of a stream; empty for binary wires. */
  readonly results: readonly JsonObject[]
  /** The id of a JSON-RPC answer. */
  readonly id?: JsonValue | undefined
}

/** No -32603: nothing that a client sends is an internal error. */
const JSONRPC_CODES = new Set([
  -32700, -32600, -32601, -32602, -32001, -32002, -32003, -32004, -32005, -32007, -32008, -32009,
])
/** 404: there is no agent at the address. */
const JSONRPC_STATUSES = new Set([200, 404, 408, 413, 415])

/** What google.rpc.Status calls an HTTP status here. */
const REST_NAMES: Readonly<Record<number, readonly string[]>> = {
  400: ['INVALID_ARGUMENT', 'FAILED_PRECONDITION'],
  403: ['PERMISSION_DENIED'],
  404: ['NOT_FOUND', 'UNIMPLEMENTED'],
  405: ['UNIMPLEMENTED'],
  408: ['DEADLINE_EXCEEDED'],
  413: ['RESOURCE_EXHAUSTED'],
  415: ['INVALID_ARGUMENT'],
  421: ['INVALID_ARGUMENT'],
}

/** The table of the Connect protocol, without what a client cannot cause. */
const CONNECT_STATUSES: Readonly<Record<string, number>> = {
  canceled: 499,
  invalid_argument: 400,
  deadline_exceeded: 504,
  not_found: 404,
  permission_denied: 403,
  resource_exhausted: 429,
  failed_precondition: 400,
  out_of_range: 400,
  unimplemented: 501,
}

/** Canceled, invalid argument, deadline, not found, permission, exhausted, precondition, out of range, unimplemented. */
const GRPC_CODES = new Set([1, 3, 4, 5, 7, 8, 9, 11, 12])

/** Answers without a body: of Node's HTTP parser, and of Connect's own negotiation. */
const BARE_STATUSES = new Set([204, 304, 400, 404, 405, 408, 413, 414, 415, 417, 431])

const DOMAIN = 'a2a-protocol.org'

const INTERNAL: Verdict = { ok: false, code: 'internal', reason: '', fields: [], message: '', results: [] }

/** An answer that breaks the form of its wire. */
export class Misanswer extends Error {
  constructor(what: string, { status, headers, trailers, body }: HttpAnswer) {
    const shown = JSON.stringify({ status, headers, trailers, body: body.toString('latin1', 0, 400) })
    super(`${what}; the answer was ${shown}`)
  }
}

export interface JudgeOptions {
  /** What a binary answer is decoded as. */
  readonly rpc?: DescMethod | undefined
  /** An internal error is what the wire's own specification asks for; on RPC wires only. */
  readonly internal?: boolean | undefined
}

export function judge(form: Form, answer: HttpAnswer, { rpc, internal }: JudgeOptions = {}): Verdict {
  if (internal && isInternal(answer)) return INTERNAL
  switch (form) {
    case 'jsonrpc':
      return judgeJsonRpc(answer)
    case 'rest':
      return judgeRest(answer)
    case 'rest-old':
      return judgeOldRest(answer)
    case 'any':
      return judge(formOf(answer), answer, { rpc, internal })
    case 'connect':
      return judgeConnect(answer, rpc)
    case 'connect-stream':
      return judgeConnectStream(answer, rpc)
    case 'grpc':
      return judgeGrpc(answer, rpc)
    case 'grpc-web':
      return judgeGrpcWeb(answer, rpc)
    case 'head':
      return bare(answer, new Set([200, 403, ...BARE_STATUSES]))
    case 'http':
      return answer.body.length === 0 ? bare(answer, BARE_STATUSES) : judgeRest(answer)
  }
}

function judgeJsonRpc(answer: HttpAnswer): Verdict {
  const { status, body } = answer
  if (!JSONRPC_STATUSES.has(status)) throw new Misanswer('not an HTTP status of JSON-RPC', answer)
  if (mediaType(answer) === 'text/event-stream') {
    const events = sse(answer).map((data) => rpcVerdict(parse(data, answer), answer))
    const failed = events.find(({ ok }) => !ok)
    return failed ?? { ...success(events.flatMap(({ results }) => [...results])), id: events[0]?.id }
  }
  if (mediaType(answer) !== 'application/json') throw new Misanswer('not the media type of JSON-RPC', answer)
  const verdict = rpcVerdict(parse(body.toString(), answer), answer)
  if (verdict.ok && status !== 200) throw new Misanswer('a result with an HTTP error', answer)
  return verdict
}

function rpcVerdict(envelope: JsonObject, answer: HttpAnswer): Verdict {
  const { jsonrpc, id, result, error } = envelope
  if (jsonrpc !== '2.0') throw new Misanswer('not JSON-RPC 2.0', answer)
  if (id !== null && typeof id !== 'string' && !Number.isInteger(id)) throw new Misanswer('no legal id', answer)
  if (Object.keys(envelope).length !== 3 || (result === undefined) === (error === undefined)) {
    throw new Misanswer('not exactly one of result and error', answer)
  }
  if (result !== undefined) return { ...success([asObject(result, answer)]), id }
  const { code, message, data } = asObject(error, answer)
  if (typeof code !== 'number' || !JSONRPC_CODES.has(code))
    throw new Misanswer(`not a code for a client: ${code}`, answer)
  return { ...failure(code, message, details(data, answer, true), answer), id }
}

function judgeRest(answer: HttpAnswer): Verdict {
  const { status, body } = answer
  const type = mediaType(answer)
  if (status === 200 && type === 'text/event-stream') {
    const events = sse(answer).map((data) => parse(data, answer))
    const failed = events.find(({ error }) => error !== undefined)
    return failed === undefined ? success(events) : restError(asObject(failed.error, answer), undefined, answer)
  }
  if (type !== 'application/json' && type !== 'application/a2a+json') {
    throw new Misanswer('not a media type of REST', answer)
  }
  const json = parse(body.toString(), answer)
  if (status === 200) return success([json])
  if (status >= 500 || status < 400) throw new Misanswer(`not a status for a client: ${status}`, answer)
  return restError(asObject(json.error, answer), status, answer)
}

function restError(error: JsonObject, httpStatus: number | undefined, answer: HttpAnswer): Verdict {
  const { code, status, message } = error
  if (typeof code !== 'number' || (httpStatus !== undefined && code !== httpStatus)) {
    throw new Misanswer(`code ${code} in a ${httpStatus}`, answer)
  }
  if (REST_NAMES[code]?.includes(String(status)) !== true) throw new Misanswer(`${status} is not a ${code}`, answer)
  return failure(code, message, details(error.details, answer, false), answer)
}

/** The error object of JSON-RPC is the whole body, with an HTTP status of its own. */
function judgeOldRest(answer: HttpAnswer): Verdict {
  const { status, body } = answer
  const type = mediaType(answer)
  if (status === 200 && type === 'text/event-stream') {
    const events = sse(answer).map((data) => parse(data, answer))
    const failed = events.find(({ code }) => typeof code === 'number')
    return failed === undefined ? success(events) : oldRestError(failed, answer)
  }
  if (type !== 'application/json') throw new Misanswer('not the media type of REST before 1.0', answer)
  if (status === 200) {
    const json = JSON.parse(body.toString()) as JsonValue
    return success([Array.isArray(json) ? { list: json } : asObject(json, answer)])
  }
  if (REST_NAMES[status] === undefined) throw new Misanswer(`not a status for a client: ${status}`, answer)
  return oldRestError(parse(body.toString(), answer), answer)
}

function oldRestError({ code, message, data }: JsonObject, answer: HttpAnswer): Verdict {
  if (typeof code !== 'number' || !JSONRPC_CODES.has(code))
    throw new Misanswer(`not a code for a client: ${code}`, answer)
  return failure(code, message, details(data, answer, true), answer)
}

function formOf(answer: HttpAnswer): Exclude<Form, 'any'> {
  const type = mediaType(answer)
  if (type.startsWith('application/grpc-web')) return 'grpc-web'
  if (type.startsWith('application/grpc')) return 'grpc'
  if (type.startsWith('application/connect+')) return 'connect-stream'
  if (type === 'application/proto') return 'connect'
  if (answer.body.length === 0) return 'http'
  const [text = ''] = type === 'text/event-stream' ? sse(answer) : [answer.body.toString()]
  const json = text.startsWith('[') ? {} : parse(text, answer)
  if (json.jsonrpc !== undefined) return 'jsonrpc'
  if (type === 'application/a2a+json') return 'rest'
  if (answer.status === 200) return json.error === undefined ? 'rest-old' : 'rest'
  if (typeof json.code === 'string') return 'connect'
  return typeof json.code === 'number' ? 'rest-old' : 'rest'
}

function judgeConnect(answer: HttpAnswer, rpc?: DescMethod): Verdict {
  const { status, body } = answer
  if (body.length === 0 && status !== 200) return bare(answer, new Set([405, 408, 415]))
  const type = mediaType(answer)
  if (status === 200 && type === 'application/proto') return success(decode([{ flags: 0, data: body }], rpc))
  if (type !== 'application/json') throw new Misanswer('not a media type of Connect', answer)
  const json = parse(body.toString(), answer)
  return status === 200 ? success([json]) : connectError(json, status, answer)
}

function connectError(error: JsonObject, httpStatus: number | undefined, answer: HttpAnswer): Verdict {
  const { code, message } = error
  const expected = CONNECT_STATUSES[String(code)]
  if (expected === undefined) throw new Misanswer(`not a code for a client: ${code}`, answer)
  if (httpStatus !== undefined && httpStatus !== expected) throw new Misanswer(`${code} with ${httpStatus}`, answer)
  const list = (error.details ?? []) as { type: string; value: string }[]
  const any = list.map(({ type, value }) => anyJson(type, Buffer.from(value, 'base64')))
  return failure(String(code), message ?? '', any, answer)
}

function judgeConnectStream(answer: HttpAnswer, rpc?: DescMethod): Verdict {
  const { status, body } = answer
  if (status !== 200) return bare(answer, new Set([405, 408, 415]))
  if (!/^application\/connect\+(json|proto)$/.test(mediaType(answer))) {
    throw new Misanswer('not a media type of a Connect stream', answer)
  }
  const frames = envelopes(body, answer)
  const last = frames.pop()
  if (last?.flags !== 2) throw new Misanswer('no end of the stream', answer)
  const end = parse(last.data.toString(), answer)
  if (end.error !== undefined) return connectError(asObject(end.error, answer), undefined, answer)
  const json = mediaType(answer).endsWith('json')
  return success(json ? frames.map(({ data }) => parse(data.toString(), answer)) : decode(frames, rpc))
}

function judgeGrpc(answer: HttpAnswer, rpc?: DescMethod): Verdict {
  const { status, headers, trailers, body } = answer
  if (status !== 200) return bare(answer, new Set([405, 408, 415]))
  if (!mediaType(answer).startsWith('application/grpc')) throw new Misanswer('not a media type of gRPC', answer)
  const verdict = grpcStatus('grpc-status' in trailers ? trailers : headers, answer)
  return verdict.ok ? success(decode(envelopes(body, answer), rpc)) : verdict
}

function judgeGrpcWeb(answer: HttpAnswer, rpc?: DescMethod): Verdict {
  const { status, headers, body } = answer
  if (status !== 200) return bare(answer, new Set([405, 408, 415]))
  if (!mediaType(answer).startsWith('application/grpc-web')) throw new Misanswer('not a media type of gRPC-Web', answer)
  if ('grpc-status' in headers) return grpcStatus(headers, answer)
  const frames = envelopes(body, answer)
  const last = frames.pop()
  if (last?.flags !== 0x80) throw new Misanswer('no trailer', answer)
  const lines = last.data.toString().trim().split('\r\n')
  const trailer = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
  const verdict = grpcStatus(trailer, answer)
  return verdict.ok ? success(decode(frames, rpc)) : verdict
}

function grpcStatus(trailer: Readonly<Record<string, string>>, answer: HttpAnswer): Verdict {
  const text = trailer['grpc-status']
  if (text === undefined || !/^\d{1,2}$/.test(text)) throw new Misanswer('no grpc-status', answer)
  const code = Number(text)
  if (code === 0) return success([])
  if (!GRPC_CODES.has(code)) throw new Misanswer(`not a code for a client: ${code}`, answer)
  const message = decodeURIComponent(trailer['grpc-message'] ?? '')
  const bin = trailer['grpc-status-details-bin']
  if (bin === undefined) return failure(code, message, [], answer)
  const status = fromBinary(StatusSchema, Buffer.from(bin, 'base64'))
  if (status.code !== code || status.message !== message) throw new Misanswer('the details say something else', answer)
  const any = status.details.map(({ typeUrl, value }) => anyJson(typeUrl.split('/').at(-1) ?? '', value))
  return failure(code, message, any, answer)
}

function bare(answer: HttpAnswer, allowed: ReadonlySet<number>): Verdict {
  if (!allowed.has(answer.status) || answer.body.length > 0) {
    throw new Misanswer(`neither the form of its wire nor a bare ${[...allowed].join(', ')}`, answer)
  }
  const ok = answer.status < 400
  return { ok, code: answer.status, reason: '', fields: [], message: '', results: [] }
}

function success(results: readonly JsonObject[]): Verdict {
  return { ok: true, code: 0, reason: '', fields: [], message: '', results }
}

function failure(code: number | string, message: unknown, any: readonly JsonObject[], answer: HttpAnswer): Verdict {
  if (typeof message !== 'string') throw new Misanswer('an error without a message', answer)
  const info = any.find((detail) => String(detail['@type']).endsWith('google.rpc.ErrorInfo'))
  const bad = any.find((detail) => String(detail['@type']).endsWith('google.rpc.BadRequest'))
  if (info !== undefined && (info.domain !== DOMAIN || !/^[A-Z_]+$/.test(String(info.reason)))) {
    throw new Misanswer('an ErrorInfo that is not ours', answer)
  }
  const violations = (bad?.fieldViolations ?? []) as { field?: string }[]
  const fields = violations.map(({ field }) => field ?? '')
  return { ok: false, code, reason: String(info?.reason ?? ''), fields, message, results: [] }
}

function details(list: JsonValue | undefined, answer: HttpAnswer, needed: boolean): JsonObject[] {
  if (!Array.isArray(list)) throw new Misanswer('details that are no array', answer)
  const any = list.map((item) => asObject(item, answer))
  if (any.some((item) => typeof item['@type'] !== 'string')) throw new Misanswer('a detail without a type', answer)
  if (needed && any.length === 0) throw new Misanswer('no ErrorInfo', answer)
  return any
}

function anyJson(type: string, value: Uint8Array): JsonObject {
  const schema = [ErrorInfoSchema, BadRequestSchema].find(({ typeName }) => typeName === type)
  if (schema === undefined) return { '@type': type }
  return { '@type': type, ...(toJson(schema, fromBinary(schema, value)) as JsonObject) }
}

/** Compressed ones are left out. */
function decode(frames: readonly { flags: number; data: Buffer }[], rpc: DescMethod | undefined): JsonObject[] {
  if (rpc === undefined) return []
  const plain = frames.filter(({ flags }) => flags === 0)
  return plain.map(({ data }) => toJson(rpc.output, fromBinary(rpc.output, data)) as JsonObject)
}

function isInternal({ headers, trailers, body }: HttpAnswer): boolean {
  if ((trailers['grpc-status'] ?? headers['grpc-status']) === '13') return true
  return /"code":"internal"|grpc-status:? ?13/.test(body.toString('latin1'))
}

function envelopes(body: Buffer, answer: HttpAnswer): { flags: number; data: Buffer }[] {
  const frames: { flags: number; data: Buffer }[] = []
  for (let at = 0; at < body.length; ) {
    if (at + 5 > body.length) throw new Misanswer('half an envelope', answer)
    const end = at + 5 + body.readUInt32BE(at + 1)
    if (end > body.length) throw new Misanswer('half an envelope', answer)
    frames.push({ flags: body[at] ?? 0, data: body.subarray(at + 5, end) })
    at = end
  }
  return frames
}

function sse({ body }: HttpAnswer): string[] {
  return body
    .toString()
    .split('\n\n')
    .flatMap((event) => event.split('\n').filter((line) => line.startsWith('data: ')))
    .map((line) => line.slice(6))
}

function mediaType({ headers }: HttpAnswer): string {
  return headers['content-type']?.split(';')[0]?.trim() ?? ''
}

function parse(text: string, answer: HttpAnswer): JsonObject {
  try {
    return asObject(JSON.parse(text) as JsonValue, answer)
  } catch (error) {
    if (error instanceof Misanswer) throw error
    throw new Misanswer('not JSON', answer)
  }
}

function asObject(value: JsonValue | undefined, answer: HttpAnswer): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Misanswer('not an object', answer)
  return value
}
