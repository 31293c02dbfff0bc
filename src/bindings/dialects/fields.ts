/** Small steps of a translation. What has the wrong shape is passed on: the operation's own check refuses it, with its place. */
import type { JsonObject, JsonValue } from '@bufbuild/protobuf'

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A field by its camelCase name, or by its snake_case one: clients of older versions send both. */
export function field(json: JsonObject, name: string): JsonValue | undefined {
  const value = own(json, name)
  return value === undefined ? own(json, snakeCase(name)) : value
}

function own(json: JsonObject, name: string): JsonValue | undefined {
  const value = Object.hasOwn(json, name) ? json[name] : undefined
  return value === null ? undefined : value
}

const snakeCases = new Map<string, string>()

function snakeCase(name: string): string {
  let snake = snakeCases.get(name)
  if (snake === undefined) {
    snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    snakeCases.set(name, snake)
  }
  return snake
}

/** The fields of these names that there are. */
export function pick(json: JsonObject, names: readonly string[]): JsonObject {
  const picked: JsonObject = {}
  for (const name of names) {
    const value = field(json, name)
    if (value !== undefined) picked[name] = value
  }
  return picked
}

/** An object without the fields that are undefined. */
export function compact(fields: Readonly<Record<string, JsonValue | undefined>>): JsonObject {
  const json: JsonObject = {}
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) json[name] = value
  return json
}

/** Each item of a list; what is no list stays as it is. */
export function each(value: JsonValue | undefined, translate: (item: JsonValue) => JsonValue): JsonValue | undefined {
  return Array.isArray(value) ? value.map(translate) : value
}

/** An object, translated; what is none stays as it is. */
export function inner(
  value: JsonValue | undefined,
  translate: (item: JsonObject) => JsonObject,
): JsonValue | undefined {
  return isObject(value) ? translate(value) : value
}

/** A word for another; one that is not in the table stays as it is. */
export function word(value: JsonValue | undefined, table: ReadonlyMap<string, string>): JsonValue | undefined {
  return typeof value === 'string' ? (table.get(value) ?? value) : value
}

/** An RFC 3339 time without a zone, as some older peers send it, is one in UTC. */
export function withZone(value: JsonValue | undefined): JsonValue | undefined {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?$/.test(value) ? `${value}Z` : value
}
