/** Errors of Connect and gRPC as `A2AError`. */
import { type DescMessage, type JsonObject, toJson } from '@bufbuild/protobuf'
import { Code, ConnectError } from '@connectrpc/connect'
import { BadRequestSchema, ErrorInfoSchema } from '../../../gen/google/rpc/error_details_pb.js'
import { type A2AError, isA2AError } from '../../a2a/errors.js'
import { connectionLost, invalidAnswer, peerError, reasonOfGrpc } from '../errors.js'
import { retryAfterMs } from '../http/retry-after.js'

/** What a broken connection looks like to the library, which knows no code of its own for it. */
const LOST: ReadonlySet<Code> = new Set([Code.Unavailable, Code.Canceled, Code.Aborted, Code.Unknown, Code.DataLoss])

/**
 * @returns what is to be thrown: an A2AError, or the signal's reason when it has aborted
 */
export function fromConnect(thrown: unknown, url: string, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason
  if (isA2AError(thrown)) return thrown
  const error = ConnectError.from(thrown)
  if (isA2AError(error.cause)) return error.cause
  const details = [...detailsOf(error, ErrorInfoSchema), ...detailsOf(error, BadRequestSchema)]
  if (error.isWireError || details.length > 0) return fromPeer(error, details)
  return LOST.has(error.code) ? connectionLost(url, error) : invalidAnswer(error.rawMessage, error)
}

function fromPeer(error: ConnectError, details: readonly JsonObject[]): A2AError {
  const retryMs = retryAfterMs(error.metadata)
  return peerError({
    message: error.rawMessage,
    details: [...details],
    fallback: error.code === Code.Canceled ? 'UNAVAILABLE' : reasonOfGrpc(error.code),
    ...(retryMs === undefined ? {} : { retryAfterMs: retryMs }),
  })
}

function detailsOf(error: ConnectError, desc: DescMessage): JsonObject[] {
  return error.findDetails(desc).map((detail) => ({
    '@type': `type.googleapis.com/${desc.typeName}`,
    ...(toJson(desc, detail) as JsonObject),
  }))
}
