/** The streams of the A2A service on Connect, gRPC and gRPC-Web, by the library. */
import type { DescMethod, MessageShape } from '@bufbuild/protobuf'
import { ConnectError, type ConnectRouter, createContextKey, type HandlerContext } from '@connectrpc/connect'
import { endedEarly } from '../../a2a/errors.js'
import { answerFromJson, requestToJson } from '../../a2a/proto-json.js'
import { type ProtocolVersion, VERSION_HEADER } from '../../a2a/service-params.js'
import type { CallContext } from '../../service/call-context.js'
import type { EventStream } from '../../service/stream-step.js'
import { type Call, callContext, extensionHeaders, type StreamLimits } from '../http/call.js'
import { Heartbeat } from '../http/heartbeat.js'
import type { StreamMethod } from '../method.js'
import { rpcVersion } from '../versions.js'
import { connectErrorOf } from './errors.js'
import { type RpcMethod, STREAM_RPCS } from './services.js'
import type { RpcOptions } from './unary.js'

/** What the server knows of the request; set for every call. */
export const CALL = createContextKey<Call | undefined>(undefined)

export function streamRoutes(
  router: ConnectRouter,
  options: Pick<RpcOptions, 'handler' | 'onError' | 'strictVersion'> & { readonly limits: LifeLimits },
): void {
  const { handler, onError, limits } = options
  for (const each of STREAM_RPCS) router.rpc(each.rpc as never, stream(each) as never)

  function stream({ rpc, method, version: ofPackage }: RpcMethod<StreamMethod>) {
    return async function* (message: MessageShape<DescMethod['input']>, context: HandlerContext) {
      const call = callOf(context)
      try {
        const version = rpcVersion(context.requestHeader.get(VERSION_HEADER) ?? undefined, ofPackage, options)
        const ctx = contextOf(call, version, context)
        const request = method.request(requestToJson(rpc.input, message))
        const headers = extensionHeaders(version, handler.activeExtensions(ctx, request))
        for (const [name, value] of Object.entries(headers)) context.responseHeader.set(name, value)
        const frames = handler.stream(method.operation, ctx, request)
        const life = new StreamLife(frames, limits)
        try {
          for await (const step of frames) if (step !== 'open') yield answerFromJson(rpc.output, method.event(step))
        } finally {
          life.end()
        }
        life.throwIfExpired()
        // Ended from outside and not by the task: by a deadline, or because the server stops. The reason says which.
        context.signal.throwIfAborted()
      } catch (error) {
        // What the transport itself has thrown, such as a deadline, is no answer of ours.
        if (!(error instanceof ConnectError)) onError(error, call)
        throw connectErrorOf(method, error)
      }
    }
  }
}

type LifeLimits = Pick<StreamLimits, 'maxStreamMs'>

/** Pings of HTTP/2 tell that both sides are there, so nothing is said in between; but no stream is open for ever. */
class StreamLife {
  private readonly clock: Heartbeat
  private expired = false

  constructor(frames: EventStream, { maxStreamMs }: LifeLimits) {
    const expire = () => {
      this.expired = true
      void frames.return()
    }
    this.clock = new Heartbeat({ maxStreamMs, heartbeatMs: Number.POSITIVE_INFINITY }, { beat() {}, expire })
  }

  end(): void {
    this.clock.stop()
  }

  throwIfExpired(): void {
    if (this.expired) throw endedEarly('The stream has reached its time limit')
  }
}

function callOf(context: HandlerContext): Call {
  const call = context.values.get(CALL)
  if (call === undefined) throw new TypeError('the server has set no call')
  return call
}

function contextOf(call: Call, version: ProtocolVersion, context: HandlerContext): CallContext {
  const timeoutMs = context.timeoutMs()
  const deadline = timeoutMs === undefined ? undefined : Date.now() + timeoutMs
  const read = (name: string) => context.requestHeader.get(name) ?? undefined
  return callContext(call, version, read, context.signal, deadline)
}
