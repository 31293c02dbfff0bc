/** A2A over any transport of Connect-ES: ProtoJSON on this side, protobuf on the other. */
import {
  create,
  type DescMessage,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  fromJson,
  type JsonObject,
  type MessageShape,
  toJson,
} from '@bufbuild/protobuf'
import type { Transport as ConnectTransport } from '@connectrpc/connect'
import { A2AService } from '../../../gen/lf/a2a/v1/a2a_pb.js'
import { A2AError } from '../../a2a/errors.js'
import { checkAnswer, checkEvent } from '../answers.js'
import type { AuthProvider, Credentials } from '../auth/auth.js'
import { isUnauthenticated } from '../errors.js'
import { watchStream } from '../http/silence-watch.js'
import type { ClientLimits } from '../limits.js'
import type { StreamItem, StreamOperation, Transport, WireCall } from '../transport.js'
import { fromConnect } from './connect-errors.js'

export interface ConnectCallsOptions {
  readonly unary: ConnectTransport['unary']
  /** @param onCredentials told of what the request of this stream carries */
  stream(onCredentials: (credentials: Credentials) => void): ConnectTransport['stream']
  /** Whether the silence of an open stream is noticed below, byte by byte. Else events have to come within `idleMs`. */
  readonly watchesBytes: boolean
  readonly limits: ClientLimits
  /** Asked for new credentials when a stream is refused, where the refusal comes inside of it. */
  readonly auth?: AuthProvider | undefined
  readonly close?: () => void
}

export function connectCalls(name: 'connect' | 'grpc', url: string, options: ConnectCallsOptions): Transport {
  const { limits, auth, close } = options

  async function* streamOnce(
    operation: StreamOperation,
    request: JsonObject,
    { headers, signal }: WireCall,
    onCredentials: (credentials: Credentials) => void,
  ): AsyncGenerator<StreamItem, void, undefined> {
    const method: DescMethodServerStreaming = A2AService.method[operation]
    const message = toMessage(method.input, request)
    const silence = watchStream(operation, signal, limits.idleMs)
    let begun = false
    try {
      const stream = options.stream(onCredentials)
      const answer = await stream(method, silence.signal, undefined, { ...headers }, once(message))
      if (options.watchesBytes) silence.pause()
      for await (const event of answer.message) {
        begun = true
        silence.pause()
        yield { event: checkEvent(toJson(method.output, event)) }
        if (!options.watchesBytes) silence.heard()
      }
    } catch (error) {
      throw fromConnect(error, { url, signal: silence.signal, begun, limits, limit: 'eventBytes' })
    } finally {
      silence.close()
    }
  }

  return {
    name,
    protocolVersion: '1.0',
    url,
    async unary(operation, request, { headers, signal }) {
      const method: DescMethodUnary = A2AService.method[operation]
      const message = toMessage(method.input, request)
      try {
        const answer = await options.unary(method, signal, undefined, { ...headers }, message)
        return checkAnswer(operation, toJson(method.output, answer.message))
      } catch (error) {
        throw fromConnect(error, { url, signal, begun: false, limits, limit: 'answerBytes' })
      }
    },
    async *stream(operation, request, call) {
      let credentials: Credentials | undefined
      let begun = false
      try {
        const told = (used: Credentials) => {
          credentials = used
        }
        for await (const item of streamOnce(operation, request, call, told)) {
          begun = true
          yield item
        }
        return
      } catch (error) {
        if (begun || credentials === undefined || !isUnauthenticated(error)) throw error
        const refused = { url, signal: call.signal, challenge: null, credentials }
        if ((await auth?.refresh?.(refused)) !== true) throw error
      }
      yield* streamOnce(operation, request, call, () => {})
    },
    ...(close === undefined ? {} : { close }),
  }
}

/** @throws A2AError INVALID_PARAMS the request is none of the schema; it is not sent */
function toMessage<Desc extends DescMessage>(desc: Desc, request: JsonObject): MessageShape<Desc> {
  try {
    return create(desc, fromJson(desc, request) as never)
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error)
    throw new A2AError('INVALID_PARAMS', `Invalid parameters: ${what}`, { cause: error })
  }
}

async function* once<T>(message: T): AsyncGenerator<T, void, undefined> {
  yield message
}
