/** One agent over one transport: headers, tenant, deadlines and retries, the same for every operation. */
import type { JsonObject } from '@bufbuild/protobuf'
import type { AgentCardJson, SendMessageRequestJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { CURSOR_EXTENSION } from '../a2a/cursor-text.js'
import { EXTENSIONS_HEADER, VERSION_HEADER } from '../a2a/service-params.js'
import { type RetryOptions, withRetries } from './backoff.js'
import { openScope, withLast } from './call-scope.js'
import { type PlacedEvent, takeCursor } from './cursor.js'
import { isRefusal, isTransient } from './errors.js'
import { requireSendable } from './http/headers.js'
import { isIdempotent, type StreamTypes, type UnaryTypes } from './operations.js'
import type { CallOptions } from './options.js'
import type { StreamOperation, Transport, UnaryOperation, WireCall } from './transport.js'

export interface CallerOptions {
  readonly transport: Transport
  readonly card: AgentCardJson
  readonly tenant: string | undefined
  readonly extensions: readonly string[]
  readonly timeoutMs: number
  readonly retry: Required<RetryOptions>
  readonly retrySends: boolean | undefined
  readonly signal: AbortSignal | undefined
  /** Sent with every call. */
  readonly headers?: Readonly<Record<string, string>> | undefined
}

export class Caller {
  readonly transport: Transport
  readonly card: AgentCardJson
  readonly retry: Required<RetryOptions>
  private readonly options: CallerOptions
  private readonly sendsAreIdempotent: boolean

  constructor(options: CallerOptions) {
    this.options = options
    this.transport = options.transport
    this.card = options.card
    this.retry = options.retry
    this.sendsAreIdempotent =
      options.retrySends ?? options.card.capabilities?.extensions?.some(({ uri }) => uri === CURSOR_EXTENSION) === true
  }

  /** The same agent, with what is said of a series of calls. */
  with(changes: Partial<Pick<CallerOptions, 'headers' | 'tenant'>>): Caller {
    return new Caller({ ...this.options, ...changes })
  }

  get streams(): boolean {
    return this.card.capabilities?.streaming === true
  }

  get signal(): AbortSignal | undefined {
    return this.options.signal
  }

  /** Retries what may safely be done again, within the deadline. */
  async unary<Operation extends UnaryOperation>(
    operation: Operation,
    request: UnaryTypes[Operation]['request'],
    options: CallOptions = {},
  ): Promise<UnaryTypes[Operation]['answer']> {
    const scope = openScope(
      [options.signal, this.options.signal],
      options.timeoutMs ?? (waitsForTask(operation, request) ? undefined : this.options.timeoutMs),
    )
    const { signal } = scope
    let last: unknown
    const work = () =>
      this.transport
        .unary(operation, this.addressed(request), { headers: this.headers(options), signal })
        .catch((error: unknown) => {
          if (!signal.aborted) last = error
          throw error
        })
    try {
      return await withRetries<UnaryTypes[Operation]['answer']>(work, {
        retry: this.retry,
        retryable: isIdempotent(operation) ? isTransient : (error) => this.maySendAgain(error),
        signal,
      })
    } catch (error) {
      throw withLast(error, last)
    } finally {
      scope.close()
    }
  }

  /** One stream, as it comes: no retries. Every event with its cursor, where the server gives one. */
  async *stream<Operation extends StreamOperation>(
    operation: Operation,
    request: StreamTypes[Operation],
    options: CallOptions,
  ): AsyncGenerator<PlacedEvent, void, undefined> {
    const scope = openScope([options.signal, this.options.signal], options.timeoutMs)
    const call: WireCall = {
      headers: this.headers(options),
      signal: scope.signal,
      patient: operation === 'sendStreamingMessage' && !this.sendsAreIdempotent,
    }
    try {
      for await (const item of this.transport.stream(operation, this.addressed(request), call)) yield takeCursor(item)
    } finally {
      scope.close()
    }
  }

  /** A message that got no answer may have been taken: it is sent again only where its key makes that harmless. */
  maySendAgain(error: unknown): boolean {
    return isRefusal(error) || (this.sendsAreIdempotent && isTransient(error))
  }

  private addressed(request: object): JsonObject {
    const { tenant } = this.options
    return (tenant === undefined ? request : { tenant, ...request }) as JsonObject
  }

  private headers({ headers = {}, extensions = [] }: CallOptions): Record<string, string> {
    const own = [...Object.entries(this.options.headers ?? {}), ...Object.entries(headers)]
    const lower = own.map(([name, value]) => [name.toLowerCase(), value] as const)
    const active = [...new Set([CURSOR_EXTENSION, ...this.options.extensions, ...extensions])]
    const all = {
      [VERSION_HEADER]: this.transport.protocolVersion,
      [EXTENSIONS_HEADER]: active.join(', '),
      ...Object.fromEntries(lower),
    }
    requireSendable(all)
    return all
  }
}

/** The answer comes when the task has ended or waits, however long that takes. */
function waitsForTask(operation: UnaryOperation, request: object): boolean {
  const { configuration } = request as SendMessageRequestJson
  return operation === 'sendMessage' && configuration?.returnImmediately !== true
}
