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
import { ConnectError, type Transport as ConnectTransport } from '@connectrpc/connect'
import { A2AService } from '../../../gen/lf/a2a/v1/a2a_pb.js'
import { A2AError, isA2AError } from '../../a2a/errors.js'
import { checkAnswer, checkEvent } from '../answers.js'
import type { AuthProvider } from '../auth/auth.js'
import type { Transport } from '../transport.js'
import { fromConnect } from './connect-errors.js'

export interface ConnectCallsOptions {
  readonly transport: ConnectTransport
  /** Asked for new credentials when a stream is refused: on these wires the refusal comes inside of it. */
  readonly auth: AuthProvider | undefined
  readonly close?: () => void
}

export function connectCalls(
  name: 'connect' | 'grpc',
  url: string,
  { transport, auth, close }: ConnectCallsOptions,
): Transport {
  return {
    name,
    protocolVersion: '1.0',
    url,
    async unary(operation, request, { headers, signal }) {
      const method: DescMethodUnary = A2AService.method[operation]
      const message = toMessage(method.input, request)
      try {
        const answer = await transport.unary(method, signal, undefined, { ...headers }, message)
        return checkAnswer(operation, toJson(method.output, answer.message))
      } catch (error) {
        throw fromConnect(error, url, signal)
      }
    },
    async *stream(operation, request, { headers, signal }) {
      const method: DescMethodServerStreaming = A2AService.method[operation]
      const message = toMessage(method.input, request)
      for (let mayRenew = true; ; mayRenew = false) {
        let begun = false
        try {
          const answer = await transport.stream(method, signal, undefined, { ...headers }, once(message))
          for await (const event of answer.message) {
            begun = true
            yield { event: checkEvent(toJson(method.output, event)) }
          }
          return
        } catch (thrown) {
          const error = fromConnect(thrown, url, signal)
          const refused = isA2AError(error) && error.reason === 'UNAUTHENTICATED' && !begun
          const challenge = ConnectError.from(thrown).metadata.get('www-authenticate')
          if (!refused || !mayRenew || (await auth?.refresh?.({ url, signal, challenge })) !== true) throw error
        }
      }
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
