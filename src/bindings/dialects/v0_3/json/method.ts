/** Methods whose words are the JSON of 0.3. */
import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import type { StreamResponseJson } from '../../../../../gen/lf/a2a/v1/a2a_pb.js'
import type { A2AError } from '../../../../a2a/errors.js'
import type { StreamOperation, UnaryOperation } from '../../../../service/request-handler.js'
import { operationRequest, type StreamMethod, type UnaryMethod } from '../../../method.js'
import { eventFromV1 } from './from-v1.js'

type Translate = (params: JsonObject) => JsonObject
type Explain = (error: A2AError) => A2AError

const same: Explain = (error) => error

export function kindUnary(
  operation: UnaryOperation,
  toV1: Translate,
  fromV1: (answer: JsonObject) => JsonValue,
  error: Explain = same,
): UnaryMethod {
  return {
    kind: 'unary',
    operation,
    request: (params) => operationRequest(operation, toV1(params)),
    answer: fromV1,
    error,
  }
}

export function kindStream(
  operation: StreamOperation,
  toV1: Translate,
  errorIsEvent: boolean,
  error: Explain = same,
): StreamMethod {
  return {
    kind: 'stream',
    operation,
    request: (params) => operationRequest(operation, toV1(params)),
    event: ({ event, last }) => eventFromV1(event as StreamResponseJson, last === true),
    error,
    errorIsEvent,
  }
}
