/** HTTP+JSON, with server-sent events for streams (A2A section 11). Paths come from the schema's `google.api.http`. */
import type { DescMethod, JsonObject, JsonValue } from '@bufbuild/protobuf'
import { A2AService } from '../../../gen/lf/a2a/v1/a2a_pb.js'
import { invalidParams } from '../../a2a/errors.js'
import { type Route, restRoutes } from '../../bindings/rest/routes.js'
import { checkAnswer, checkEvent } from '../answers.js'
import { invalidAnswer, tooLarge } from '../errors.js'
import { errorBody, mediaType, parseJson, readText } from '../http/read-body.js'
import { readEvents } from '../http/read-events.js'
import { watchStream } from '../http/silence-watch.js'
import type { StreamItem, StreamOperation, Transport, UnaryOperation, WireCall } from '../transport.js'
import { errorEvent, httpError } from './http-errors.js'
import type { HttpTransportOptions } from './jsonrpc.js'

export function restTransport({ url, send, limits }: HttpTransportOptions): Transport {
  const base = url.replace(/\/+$/, '')

  const request = (
    operation: UnaryOperation | StreamOperation,
    json: JsonObject,
    call: WireCall,
  ): Promise<Response> => {
    const { route, path, rest } = routeFor(A2AService.method[operation], json)
    const hasBody = route.httpMethod === 'POST'
    const target = `${base}${path}${hasBody ? '' : queryOf(rest)}`
    return send(target, {
      method: route.httpMethod,
      headers: {
        accept: 'application/a2a+json, application/json, text/event-stream',
        ...(hasBody ? { 'content-type': 'application/json' } : {}),
        ...call.headers,
      },
      ...(hasBody ? { body: JSON.stringify(rest) } : {}),
      signal: call.signal,
    })
  }

  /** Undefined for an answer without a body. */
  const jsonOf = async (response: Response, signal: AbortSignal): Promise<JsonValue | undefined> => {
    const text = await readText(response, {
      maxBytes: limits.answerBytes,
      signal,
      tooLarge: () => tooLarge('The answer', limits.answerBytes, 'answerBytes'),
    })
    if (response.ok) return text === '' ? undefined : parseJson(text)
    throw httpError(response, errorBody(response, text))
  }

  return {
    name: 'rest',
    protocolVersion: '1.0',
    url,
    async unary(operation, json, call) {
      return checkAnswer(operation, await jsonOf(await request(operation, json, call), call.signal))
    },
    async *stream(operation, json, call) {
      const silence = watchStream(operation, call.signal, limits.idleMs)
      const { signal } = silence
      try {
        const response = await request(operation, json, { ...call, signal })
        if (!response.ok || mediaType(response) !== 'text/event-stream') {
          yield { event: checkEvent(await jsonOf(response, signal)) }
          return
        }
        for await (const { data, id } of readEvents(response, silence, limits, call)) {
          const event = parseJson(data)
          const error = errorEvent(event, response)
          if (error !== undefined) throw error
          yield { event: checkEvent(event), ...(id === undefined ? {} : { id }) } satisfies StreamItem
        }
      } finally {
        silence.close()
      }
    },
  }
}

interface Target {
  readonly route: Route
  readonly path: string
  /** The fields that are not in the path. */
  readonly rest: JsonObject
}

/** The route whose path has all of its fields in the request, the tenant's when there is one. */
function routeFor(method: DescMethod, json: JsonObject): Target {
  const named = (route: Route) => fieldsOf(route).some((field) => field === 'tenant')
  const hasTenant = typeof json.tenant === 'string' && json.tenant !== ''
  const candidates = ROUTES.filter((route) => route.method === method && named(route) === hasTenant)
  // SubscribeToTask has GET in the schema and POST in the text of the specification, which all servers follow.
  const route = candidates.find(({ httpMethod }) => httpMethod === 'POST') ?? candidates[0]
  if (route === undefined) throw invalidAnswer(`no path for ${method.name}`)
  const rest = { ...json }
  const segments = route.segments.map((segment) => {
    if (segment.literal !== undefined) return segment.literal
    const name = method.input.fields.find((field) => field.name === segment.field)?.jsonName ?? segment.field
    const value = rest[name]
    delete rest[name]
    return segmentOf(name, value)
  })
  return { route, path: `/${segments.join('/')}${route.verb === '' ? '' : `:${route.verb}`}`, rest }
}

/** @throws A2AError INVALID_PARAMS the value would lead to another path; it is not sent */
function segmentOf(name: string, value: JsonValue | undefined): string {
  const text = String(value ?? '')
  if (/^\.{0,2}$/.test(text)) throw invalidParams([{ field: name, description: 'must not be empty, "." or ".."' }])
  return encodeURIComponent(text)
}

const ROUTES = restRoutes(A2AService)

function fieldsOf({ segments }: Route): string[] {
  return segments.flatMap((segment) => segment.field ?? [])
}

function queryOf(fields: JsonObject): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined && value !== null) query.append(name, String(value))
  }
  const text = query.toString()
  return text === '' ? '' : `?${text}`
}
