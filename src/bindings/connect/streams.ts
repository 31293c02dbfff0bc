/** The streams of the A2A service on Connect, gRPC and gRPC-Web, by the library. */
import type { DescMethod, JsonObject, MessageShape } from '@bufbuild/protobuf'
import { ConnectError, type ConnectRouter, createContextKey, type HandlerContext } from '@connectrpc/connect'
import { A2AService } from '../../../gen/lf/a2a/v1/a2a_pb.js'
import { answerFromJson, requestToJson } from '../../a2a/proto-json.js'
import { EXTENSIONS_HEADER } from '../../a2a/service-params.js'
import type { CallContext } from '../../service/call-context.js'
import type { StreamOperation } from '../../service/request-handler.js'
import { type Call, callContext } from '../http/call.js'
import { toConnectError } from './errors.js'
import type { RpcOptions } from './unary.js'

/** What the server knows of the request; set for every call. */
export const CALL = createContextKey<Call | undefined>(undefined)

export function streamRoutes(
  router: ConnectRouter,
  { handler, onError }: Pick<RpcOptions, 'handler' | 'onError'>,
): void {
  for (const method of A2AService.methods) {
    if (method.methodKind === 'server_streaming') router.rpc(method as never, stream(method) as never)
  }

  function stream(method: DescMethod) {
    return async function* (message: MessageShape<DescMethod['input']>, context: HandlerContext) {
      const call = callOf(context)
      try {
        const ctx = contextOf(call, context)
        const request = requestToJson(method.input, message)
        showExtensions(ctx, request, context)
        const frames = handler.stream(method.localName as StreamOperation, ctx, request)
        for await (const step of frames) if (step !== 'open') yield answerFromJson(method.output, step.event)
        // Ended from outside and not by the task: by a deadline, or because the server stops. The reason says which.
        context.signal.throwIfAborted()
      } catch (error) {
        // What the transport itself has thrown, such as a deadline, is no answer of ours.
        if (!(error instanceof ConnectError)) onError(error, call)
        throw toConnectError(error)
      }
    }
  }

  function showExtensions(ctx: CallContext, request: JsonObject, context: HandlerContext): void {
    const active = handler.activeExtensions(ctx, request)
    if (active.length > 0) context.responseHeader.set(EXTENSIONS_HEADER, active.join(', '))
  }
}

function callOf(context: HandlerContext): Call {
  const call = context.values.get(CALL)
  if (call === undefined) throw new TypeError('the server has set no call')
  return call
}

function contextOf(call: Call, context: HandlerContext): CallContext {
  const timeoutMs = context.timeoutMs()
  const deadline = timeoutMs === undefined ? undefined : Date.now() + timeoutMs
  return callContext(call, (name) => context.requestHeader.get(name) ?? undefined, context.signal, deadline)
}
