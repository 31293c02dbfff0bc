/**
 * Data of a part: any JSON value in 1.0, an object before. What is no object travels as `{ "value": … }`, with a mark in the
 * part's metadata by which it is taken out again. Other A2A libraries do the same.
 */
import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { isObject } from '../fields.js'

const MARK = 'data_part_compat'

export interface Data<Value extends JsonValue> {
  readonly data: Value
  readonly metadata: JsonObject | undefined
}

export function wrapData(data: JsonValue, metadata: JsonObject | undefined): Data<JsonObject> {
  if (isObject(data)) return { data, metadata }
  return { data: { value: data }, metadata: { ...metadata, [MARK]: true } }
}

export function unwrapData(data: JsonObject, metadata: JsonObject | undefined): Data<JsonValue> {
  if (metadata?.[MARK] !== true || Object.keys(data).join() !== 'value') return { data, metadata }
  const { [MARK]: _, ...rest } = metadata
  return { data: data.value ?? null, metadata: Object.keys(rest).length === 0 ? undefined : rest }
}
