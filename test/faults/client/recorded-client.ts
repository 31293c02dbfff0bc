/** An A2A client that writes down all it does and sees, and that keeps no secrets from the record: no retries of its own. */
import type { TaskJson } from '../../../gen/lf/a2a/v1/a2a_pb.js'
import type { Framed, Label, Place } from '../history/history.js'
import type { Recorder } from '../history/recorder.js'
import { ConnectionError, open, readBody, readEvents } from './http.js'
import { eventIn, type Operation, taskIn, WIRES, type WireName } from './wire.js'

export interface ClientOptions {
  readonly name: string
  readonly agent: string
  readonly wire?: WireName
  readonly recorder: Recorder
}

export interface CallOptions {
  /** Base URL of the server that is asked. */
  readonly url: string
  readonly label: Label
  readonly key?: string
  /** Default 10000. */
  readonly deadlineMs?: number
}

export interface StreamOptions extends CallOptions {
  /** The last frame that was seen. */
  readonly after?: Framed | undefined
  readonly signal?: AbortSignal
}

/** The server said no. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly reason: string

  constructor(reason: string, text: string) {
    super(`${reason}: ${text}`)
    this.reason = reason
  }
}

export class RecordedClient {
  private readonly options: ClientOptions

  constructor(options: ClientOptions) {
    this.options = options
  }

  get name(): string {
    return this.options.name
  }

  /**
   * @throws Refusal the server answered with an error
   * @throws ConnectionError there was no answer within the deadline, or none at all
   */
  async call(
    operation: Operation,
    params: Record<string, unknown>,
    options: CallOptions,
  ): Promise<TaskJson | undefined> {
    const { recorder } = this.options
    const { label, key, deadlineMs = 10_000 } = options
    const call = recorder.nextCall()
    const asked = { label, client: this.name, call, operation, deadlineMs, ...(key === undefined ? {} : { key }) }
    recorder.add({ kind: 'invoked', ...asked })
    const signal = AbortSignal.timeout(deadlineMs)
    try {
      const json = await this.exchange(operation, params, options, signal)
      const task = taskIn(json)
      recorder.add({ kind: 'answered', label, call, ...(task === undefined ? {} : { task }) })
      return task
    } catch (error) {
      const reason = reasonOf(error, signal)
      recorder.add({ kind: 'refused', label, call, reason, text: String(error) })
      throw error
    }
  }

  /**
   * Ends when the stream does.
   *
   * @throws Refusal the server answered with an error, before or within the stream
   * @throws ConnectionError the connection broke, or the signal aborted
   */
  async *stream(
    operation: 'SendStreamingMessage' | 'SubscribeToTask',
    params: Record<string, unknown>,
    options: StreamOptions,
  ): AsyncGenerator<Framed, void, undefined> {
    const { recorder, wire = 'jsonrpc' } = this.options
    const { label, key, after, signal } = options
    const stream = recorder.nextCall()
    const asked = { label, client: this.name, stream, operation, ...(key === undefined ? {} : { key }) }
    recorder.add({ kind: 'opened', ...asked, ...(after?.place === undefined ? {} : { resumeAt: after.place }) })
    const own = new AbortController()
    const all = signal === undefined ? own.signal : AbortSignal.any([own.signal, signal])
    let how = 'left'
    let text: string | undefined
    try {
      const res = await this.request(operation, params, options, all)
      if (!String(res.headers['content-type']).startsWith('text/event-stream')) {
        throw refusalIn(wire, await readBody(res)) ?? new Refusal('UNKNOWN', `HTTP ${res.statusCode}`)
      }
      for await (const { id, data } of readEvents(res)) {
        const json = JSON.parse(data) as Record<string, unknown>
        const error = WIRES[wire].error(json)
        if (error !== undefined) throw new Refusal(error.reason, error.text)
        const place = placeOf(id)
        const event = eventIn(WIRES[wire].result(json))
        yield recorder.add({
          kind: 'framed',
          label,
          stream,
          event,
          ...(place === undefined ? {} : { place }),
          ...(id === undefined ? {} : { cursor: id }),
        }) as Framed
      }
      how = 'end'
    } catch (error) {
      how = error instanceof Refusal ? error.reason : signal?.aborted === true ? 'left' : 'broken'
      text = String(error)
      throw error
    } finally {
      own.abort()
      recorder.add({ kind: 'closed', label, stream, how, ...(text === undefined ? {} : { text }) })
    }
  }

  private async exchange(
    operation: Operation,
    params: Record<string, unknown>,
    options: CallOptions,
    signal: AbortSignal,
  ): Promise<Record<string, unknown>> {
    const { wire = 'jsonrpc' } = this.options
    const body = await readBody(await this.request(operation, params, options, signal))
    const refusal = refusalIn(wire, body)
    if (refusal !== undefined) throw refusal
    return WIRES[wire].result(JSON.parse(body) as Record<string, unknown>)
  }

  private request(
    operation: Operation,
    params: Record<string, unknown>,
    { url, key, after }: StreamOptions,
    signal: AbortSignal,
  ) {
    const { agent, wire = 'jsonrpc' } = this.options
    const { method, path, body } = WIRES[wire].request(agent, operation, params)
    return open({
      method,
      url: `${url}${path}`,
      headers: {
        'content-type': 'application/json',
        'a2a-version': '1.0',
        ...(key === undefined ? {} : { 'idempotency-key': key }),
        ...(after?.cursor === undefined ? {} : { 'last-event-id': after.cursor }),
      },
      body,
      signal,
    })
  }
}

function refusalIn(wire: WireName, body: string): Refusal | undefined {
  let json: Record<string, unknown>
  try {
    json = JSON.parse(body) as Record<string, unknown>
  } catch {
    return new Refusal('UNKNOWN', `no JSON: ${body.slice(0, 200)}`)
  }
  const error = WIRES[wire].error(json)
  return error === undefined ? undefined : new Refusal(error.reason, error.text)
}

function reasonOf(error: unknown, deadline: AbortSignal): string {
  if (error instanceof Refusal) return error.reason
  if (deadline.aborted) return 'DEADLINE'
  return error instanceof ConnectionError ? 'CONNECTION' : 'HARNESS'
}

function placeOf(id: string | undefined): Place | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)e?-/.exec(id ?? '')
  return match === null ? undefined : [Number(match[1]), Number(match[2]), Number(match[3])]
}
