/** Parts of the kinds `function_call` and `function_response` as the data parts of `a2a/function-parts.ts`. */
import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { PART_KIND } from '../../a2a/function-parts.js'
import { compact, field, isObject } from './fields.js'

/** What is called lies under the name of the kind, under `data`, or in the part itself. */
export function functionPart(kind: 'function_call' | 'function_response', part: JsonObject): JsonObject {
  const under = field(part, kind === 'function_call' ? 'functionCall' : 'functionResponse') ?? field(part, 'data')
  const content = isObject(under) ? under : part
  const given = field(part, 'metadata')
  return {
    data: compact({
      id: field(content, 'id'),
      name: field(content, 'name'),
      ...(kind === 'function_call'
        ? { args: parsed(field(content, 'args') ?? field(content, 'arguments')) ?? {} }
        : { response: field(content, 'response') ?? field(content, 'result') ?? null }),
    }),
    metadata: { ...(isObject(given) ? given : {}), [PART_KIND]: kind },
  }
}

/** Some clients send the arguments as text that is JSON. */
function parsed(args: JsonValue | undefined): JsonValue | undefined {
  if (typeof args !== 'string') return args
  try {
    return JSON.parse(args) as JsonValue
  } catch {
    return args
  }
}
