/**
 * Calls of functions, and their results, as parts of a message.
 *
 * A2A 1.0 has no kind of part for them, so they are data parts of one shape:
 *
 *     { "data": { "id": "c1", "name": "search", "args": { "city": "Oslo" } },
 *       "metadata": { "urn:temporal-a2a:part:v1": "function_call" } }
 *     { "data": { "id": "c1", "name": "search", "response": { "hits": 3 } },
 *       "metadata": { "urn:temporal-a2a:part:v1": "function_response" } }
 *
 * The parts of the kinds `function_call` and `function_response` that older clients send arrive in this shape.
 */
import type { PartJson } from '../../gen/lf/a2a/v1/a2a_pb.js'

/** The metadata key that says what a data part is. */
export const PART_KIND = 'urn:temporal-a2a:part:v1'

/** Any JSON value. */
type Data = NonNullable<PartJson['data']> | null

/** A call that a model asks for, as a data part holds it. */
export interface FunctionCall {
  /** By which a response names its call. */
  readonly id?: string
  readonly name: string
  readonly args: Data
}

/** What such a call gave, as a data part holds it. */
export interface FunctionResponse {
  readonly id?: string
  readonly name: string
  readonly response: Data
}

/** A part that asks for a call; read it with {@link asFunctionCall}. */
export function functionCall({ id, name, args }: FunctionCall): PartJson {
  return { data: { ...(id === undefined ? {} : { id }), name, args }, metadata: { [PART_KIND]: 'function_call' } }
}

/** A part with the result of a call; read it with {@link asFunctionResponse}. */
export function functionResponse({ id, name, response }: FunctionResponse): PartJson {
  return {
    data: { ...(id === undefined ? {} : { id }), name, response },
    metadata: { [PART_KIND]: 'function_response' },
  }
}

/** The call that a part is; undefined when it is none. */
export function asFunctionCall(part: PartJson): FunctionCall | undefined {
  const data = dataOf(part, 'function_call')
  return data === undefined ? undefined : { ...data.head, args: data.fields.args ?? {} }
}

/** The response that a part is; undefined when it is none. */
export function asFunctionResponse(part: PartJson): FunctionResponse | undefined {
  const data = dataOf(part, 'function_response')
  return data === undefined ? undefined : { ...data.head, response: data.fields.response ?? null }
}

function dataOf({ data, metadata }: PartJson, kind: 'function_call' | 'function_response') {
  if (metadata?.[PART_KIND] !== kind || typeof data !== 'object' || data === null || Array.isArray(data))
    return undefined
  const { id, name } = data
  if (typeof name !== 'string') return undefined
  return { head: typeof id === 'string' ? { id, name } : { name }, fields: data }
}
