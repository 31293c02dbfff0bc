/**
 * The unary operations on Connect, gRPC and gRPC-Web.
 *
 * Not by the library: its pipeline of frames costs several times as much as all the rest of a call. Bodies, codes and trailers
 * are the library's own, and streams are still its work.
 */
import { type DescMethod, type JsonValue, toBinary } from '@bufbuild/protobuf'
import { ConnectError } from '@connectrpc/connect'
import { A2AError } from '../../a2a/errors.js'
import { answerFromJson } from '../../a2a/proto-json.js'
import { VERSION_HEADER } from '../../a2a/service-params.js'
import { onAbort } from '../../internal/abort.js'
import type { RequestHandler } from '../../service/request-handler.js'
import { type Call, callContext, extensionHeaders } from '../http/call.js'
import { type HttpRequest, type HttpResponse, header } from '../http/exchange.js'
import type { UnaryMethod } from '../method.js'
import { rpcVersion, type VersionOptions } from '../versions.js'
import { connectErrorOf } from './errors.js'
import { type MessageLimits, negotiateEncoding, readMessage } from './read-message.js'
import type { RpcMethod } from './services.js'
import { parseTimeout, timeoutHeader } from './timeout.js'
import type { RpcWire } from './wire.js'
import { writeError, writeMessage } from './write-answer.js'

export interface RpcLimits extends MessageLimits {
  /** Bytes of one answer. */
  readonly maxAnswerBytes: number
}

export interface RpcOptions extends VersionOptions {
  readonly handler: RequestHandler
  readonly limits: RpcLimits
  /** Told of every error that is an answer, with its cause. */
  onError(error: unknown, call: Call): void
}

export function createUnary(options: RpcOptions) {
  const { handler, limits, onError } = options
  return async (
    req: HttpRequest,
    res: HttpResponse,
    wire: RpcWire,
    { rpc, method, version: ofPackage }: RpcMethod<UnaryMethod>,
    call: Call,
  ): Promise<void> => {
    const read = (name: string) => header(req, name)
    let deadline: Deadline | undefined
    try {
      const encoding = negotiateEncoding(req, wire)
      const timeout = parseTimeout(read(timeoutHeader(wire)), wire)
      if (timeout.error !== undefined) throw timeout.error
      deadline = startDeadline(timeout.timeoutMs, call.signal)
      const version = rpcVersion(read(VERSION_HEADER), ofPackage, options)
      const ctx = callContext(call, version, read, deadline?.signal ?? call.signal, deadline?.at)
      const request = method.request(await readMessage(req, wire, rpc.input, encoding, limits))
      const headers = extensionHeaders(version, handler.activeExtensions(ctx, request))
      const answer = encode(wire, rpc, method.answer(await handler.unary(method.operation, ctx, request)))
      await writeMessage(res, wire, answer, encoding.response, headers)
    } catch (thrown) {
      const error = deadline?.signal.aborted === true && !call.signal.aborted ? deadline.signal.reason : thrown
      if (!(error instanceof ConnectError)) onError(error, call)
      writeError(res, wire, connectErrorOf(method, error))
    } finally {
      deadline?.release()
    }
  }

  function encode(wire: RpcWire, rpc: DescMethod, answer: JsonValue): string | Uint8Array {
    const encoded = wire.json ? JSON.stringify(answer) : toBinary(rpc.output, answerFromJson(rpc.output, answer))
    if (Buffer.byteLength(encoded) <= limits.maxAnswerBytes) return encoded
    throw new A2AError('PAYLOAD_TOO_LARGE', `The answer is larger than the limit of ${limits.maxAnswerBytes} bytes`)
  }
}

interface Deadline {
  /** Milliseconds since 1970. */
  readonly at: number
  /** Also aborts with the call. */
  readonly signal: AbortSignal
  release(): void
}

function startDeadline(ms: number | undefined, call: AbortSignal): Deadline | undefined {
  if (ms === undefined) return undefined
  const controller = new AbortController()
  const timer = setTimeout(
    () => controller.abort(new A2AError('DEADLINE_EXCEEDED', `The call took longer than the ${ms} ms it was given`)),
    ms,
  )
  const off = onAbort(call, () => controller.abort(call.reason))
  return {
    at: Date.now() + ms,
    signal: controller.signal,
    release() {
      clearTimeout(timer)
      off()
    },
  }
}
