/** Errors of Connect and gRPC as `A2AError`. */
import type { JsonObject } from '@bufbuild/protobuf'
import { Code, ConnectError } from '@connectrpc/connect'
import { type A2AError, isA2AError } from '../../a2a/errors.js'
import { connectionLost, invalidAnswer, peerError, reasonOfGrpc, tooLarge } from '../errors.js'
import type { ClientLimits } from '../limits.js'
import { type BinaryDetail, readDetail } from './error-details.js'
import { retryIn, statusError } from './http-errors.js'

/** What a broken connection looks like to the library, which knows no code of its own for it. */
const LOST: ReadonlySet<Code> = new Set([Code.Unavailable, Code.Canceled, Code.Aborted, Code.Unknown, Code.DataLoss])
/** Without trailers, or in the middle of a message. */
const CUT_OFF: ReadonlySet<Code> = new Set([Code.Internal, Code.InvalidArgument])

export interface FailedCall {
  readonly url: string
  readonly signal: AbortSignal
  /** An event has come already. */
  readonly begun: boolean
  readonly limits: ClientLimits
  /** The bound that the library was told. */
  readonly limit: 'answerBytes' | 'eventBytes'
}

/**
 * @returns what is to be thrown: an A2AError, or the signal's reason when it has aborted
 */
export function fromConnect(thrown: unknown, call: FailedCall): unknown {
  if (call.signal.aborted) return call.signal.reason
  if (isA2AError(thrown)) return thrown
  const error = ConnectError.from(thrown)
  if (isA2AError(error.cause)) return error.cause
  const details = error.details.flatMap((detail) => ('value' in detail ? readDetail(detail as BinaryDetail) : []))
  if (error.isWireError || details.length > 0) return fromPeer(error, details)
  return fromLibrary(error, call)
}

/** What the library has found out by itself, and has no more than codes and texts for. */
function fromLibrary(error: ConnectError, { url, begun, limits, limit }: FailedCall): A2AError {
  const { code, rawMessage } = error
  const [, status] = /^HTTP (\d{3})$/.exec(rawMessage) ?? []
  if (status !== undefined) return statusError(Number(status), error.metadata)
  if (rawMessage.includes('readMaxBytes')) {
    return tooLarge(limit === 'answerBytes' ? 'The answer' : 'An event', limits[limit], limit)
  }
  // A stream that ends in the middle has been cut off; an event that is whole and cannot be read has not.
  const cutOff = begun && CUT_OFF.has(code) && !rawMessage.startsWith('parse ')
  return cutOff || isBroken(error) ? connectionLost(url, error) : invalidAnswer(rawMessage, error)
}

/** Errors of Node, and resets by the other side, come with any code. */
function isBroken({ code, cause, rawMessage }: ConnectError): boolean {
  const ofNode = cause instanceof Error && typeof (cause as { code?: unknown }).code === 'string'
  return LOST.has(code) || ofNode || rawMessage.startsWith('http/2 stream closed')
}

function fromPeer(error: ConnectError, details: readonly JsonObject[]): A2AError {
  return peerError({
    message: error.rawMessage,
    details: [...details],
    fallback: error.code === Code.Canceled ? 'UNAVAILABLE' : reasonOfGrpc(error.code),
    ...retryIn(error.metadata),
  })
}
