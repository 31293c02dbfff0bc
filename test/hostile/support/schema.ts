/** Every place in a request where a value can stand, out of the descriptors, and values that cannot stand there. */
import {
  type DescField,
  type DescMethod,
  getOption,
  type JsonObject,
  type JsonValue,
  ScalarType,
} from '@bufbuild/protobuf'
import { FieldBehavior, field_behavior } from '../../../gen/google/api/field_behavior_pb.js'
import { METHODS } from './shots.js'

export interface Place {
  readonly method: DescMethod
  readonly field: DescField
  /** Names and indexes from the request down to the field. */
  readonly path: readonly (string | number)[]
  readonly required: boolean
}

/** As in `google.rpc.BadRequest`: `message.parts[0].text`. */
export function dotted(path: Place['path']): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`))
    .join('')
    .slice(1)
}

export function places(): Place[] {
  return METHODS.flatMap((method) => placesOf(method))
}

function placesOf(method: DescMethod): Place[] {
  const found: Place[] = []
  const walk = (fields: readonly DescField[], above: Place['path']) => {
    for (const field of fields) {
      const path = [...above, field.jsonName]
      const required = getOption(field, field_behavior).includes(FieldBehavior.REQUIRED)
      found.push({ method, field, path, required })
      if (field.message === undefined || field.message.typeName.startsWith('google.protobuf.')) continue
      walk(field.message.fields, field.fieldKind === 'list' ? [...path, 0] : path)
    }
  }
  walk(method.input.fields, [])
  return found
}

/** A request that would be accepted, were it not for what is put into it. */
export function goodRequest(method: DescMethod, taskId: string): JsonObject {
  const message = { messageId: 'm-1', role: 'ROLE_USER', parts: [{ text: 'good day' }] }
  switch (method.name) {
    case 'SendMessage':
    case 'SendStreamingMessage':
      return { message }
    case 'GetTask':
    case 'CancelTask':
    case 'SubscribeToTask':
      return { id: taskId }
    case 'CreateTaskPushNotificationConfig':
      return { taskId, url: 'https://example.com/hook' }
    case 'GetTaskPushNotificationConfig':
    case 'DeleteTaskPushNotificationConfig':
      return { taskId, id: 'config-1' }
    case 'ListTaskPushNotificationConfigs':
      return { taskId }
    default:
      return {}
  }
}

/** The request with the value at the place; undefined takes out what is there. */
export function put(request: JsonObject, { path, field }: Pick<Place, 'path' | 'field'>, value: JsonValue | undefined) {
  const copy = structuredClone(request)
  let at = copy as Record<string | number, JsonValue>
  for (const [index, step] of path.slice(0, -1).entries()) {
    at[step] ??= typeof path[index + 1] === 'number' ? [] : {}
    at = at[step] as Record<string | number, JsonValue>
  }
  // Another kind of the same oneof would be a fault of its own.
  for (const other of field.oneof?.fields ?? []) delete at[other.jsonName]
  const name = path.at(-1) ?? ''
  if (value === undefined) delete at[name]
  else at[name] = value
  return copy
}

/** JSON values that the field can never have. Empty for a field that takes any. */
export function wrongValues(field: DescField): JsonValue[] {
  if (field.fieldKind === 'list') {
    const items = field.message === undefined ? wrongItems(field) : [1, 'x', [[]], true]
    return ['x', 1, true, {}, [null], ...items.map((item) => [item])]
  }
  return wrongItems(field)
}

function wrongItems(field: DescField): JsonValue[] {
  switch (field.message?.typeName) {
    case undefined:
      return field.enum === undefined
        ? wrongScalars(field.scalar)
        : ['NOPE', 'role_user', 99, -1, 1.5, true, {}, [], [1], '']
    case 'google.protobuf.Value':
      return []
    case 'google.protobuf.Timestamp':
      return [
        1,
        true,
        {},
        [],
        '',
        'yesterday',
        '2026-01-01',
        '2026-01-01T00:00:00',
        '2026-13-01T00:00:00Z',
        '99999-01-01T00:00:00Z',
      ]
    default:
      return ['x', 1, true, [], [{}], 1.5]
  }
}

function wrongScalars(scalar: ScalarType | undefined): JsonValue[] {
  switch (scalar) {
    case ScalarType.STRING:
      return [7, 1.5, true, {}, [], ['x'], { toString: 1 }]
    case ScalarType.BOOL:
      return ['true', '', 1, 0, {}, [], [true]]
    case ScalarType.BYTES:
      return [1, true, {}, [], '***', 'é', [0]]
    case ScalarType.INT32:
      return ['abc', '', ' 1', '1e', 1.5, 2_147_483_648, -2_147_483_649, true, {}, [], [1]]
    default:
      throw new Error(`no wrong values for scalar ${scalar}: add them`)
  }
}
