/**
 * An operation as one version of the protocol has it: how its requests become those of the operation, and the operation's
 * answers become its own. Everything here is pure.
 */
import type { DescService, JsonObject, JsonValue } from '@bufbuild/protobuf'
import { A2AService } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { type A2AError, toA2AError } from '../a2a/errors.js'
import { readRequest } from '../a2a/proto-json.js'
import { PROTOCOL_VERSION, type ProtocolVersion } from '../a2a/service-params.js'
import type { StreamOperation, UnaryOperation } from '../service/request-handler.js'
import type { Frame } from '../service/stream-step.js'
import type { StreamPace } from './http/call.js'

interface AnyMethod {
  /**
   * A request in the words of the version as one of the operation, in normal form.
   *
   * @throws A2AError INVALID_PARAMS
   */
  request(json: JsonObject): JsonObject
  /** The same out of another form that clients of the version send as well; undefined when it is not that form. */
  otherRequest?(json: JsonObject): JsonObject | undefined
  /** What the version says in place of an error that it does not have. */
  error(error: A2AError): A2AError
}

export interface UnaryMethod extends AnyMethod {
  readonly kind: 'unary'
  readonly operation: UnaryOperation
  answer(answer: JsonObject): JsonValue
}

export interface StreamMethod extends AnyMethod {
  readonly kind: 'stream'
  readonly operation: StreamOperation
  event(frame: Frame): JsonValue
  /** An error before the first event is an event as well, where clients of the version take nothing else. */
  readonly errorIsEvent: boolean
  /** Headers of the answer, out of its first event. */
  headers?(first: Frame): Record<string, string>
  /**
   * How the caller wants its stream; the server's own limits hold all the same.
   *
   * @throws A2AError INVALID_PARAMS
   */
  pace?(json: JsonObject): StreamPace
}

export type Method = UnaryMethod | StreamMethod

/** A method, or a choice that depends on what is asked. */
export type MethodEntry = Method | ((json: JsonObject) => Method)

/** @throws A2AError INVALID_PARAMS */
export function chosen(entry: MethodEntry, json: JsonObject): Method {
  return typeof entry === 'function' ? entry(json) : entry
}

/** One version on wires that are described by a schema: gRPC, Connect and REST. */
export interface ServiceVersion {
  readonly version: ProtocolVersion
  readonly service: DescService
  /** By the name of the RPC. */
  readonly methods: ReadonlyMap<string, Method>
}

/** What was thrown in the words of the method's version; undefined while none is known. */
export function translated(method: Method | undefined, thrown: unknown): A2AError {
  const error = toA2AError(thrown)
  return method === undefined ? error : method.error(error)
}

/** A request of an operation, checked against its schema and in normal form. */
export function operationRequest(operation: UnaryOperation | StreamOperation, json: JsonValue): JsonObject {
  return readRequest(A2AService.method[operation].input, json)
}

/** Version 1.0 itself, where nothing is translated; requests have been checked when they come here. */
export const NATIVE: ServiceVersion = {
  version: PROTOCOL_VERSION,
  service: A2AService,
  methods: new Map(
    A2AService.methods.map(({ name, localName, methodKind }) => [
      name,
      methodKind === 'unary' ? nativeUnary(localName as UnaryOperation) : nativeStream(localName as StreamOperation),
    ]),
  ),
}

function same<T>(value: T): T {
  return value
}

function nativeUnary(operation: UnaryOperation): UnaryMethod {
  return { kind: 'unary', operation, request: same, answer: same, error: same }
}

function nativeStream(operation: StreamOperation): StreamMethod {
  return {
    kind: 'stream',
    operation,
    request: same,
    event: ({ event }) => event as JsonValue,
    error: same,
    errorIsEvent: false,
  }
}
