/** Query parameters and path variables as fields of a request (A2A section 11.5). */
import { type DescField, type DescMessage, type JsonObject, type JsonValue, ScalarType } from '@bufbuild/protobuf'

/**
 * Sets the fields that the parameters name; others are ignored. Wrong values are kept as they are: the request's own
 * check refuses them, with the field's name.
 */
export function setFields(
  desc: DescMessage,
  request: JsonObject,
  parameters: Iterable<readonly [string, string]>,
): void {
  for (const [name, value] of parameters) {
    const field = desc.fields.find(({ jsonName, name: protoName }) => jsonName === name || protoName === name)
    if (field === undefined || (field.fieldKind === 'message' && !isTimestamp(field))) continue
    if (field.fieldKind === 'list') {
      const list = (request[field.jsonName] ?? []) as JsonValue[]
      request[field.jsonName] = [...list, ...value.split(',').map((item) => scalar(field, item))]
    } else {
      request[field.jsonName] = scalar(field, value)
    }
  }
}

function isTimestamp(field: DescField): boolean {
  return field.message?.typeName === 'google.protobuf.Timestamp'
}

function scalar(field: DescField, text: string): JsonValue {
  if (field.enum !== undefined) return /^-?\d+$/.test(text) ? Number(text) : text
  if (field.scalar === ScalarType.BOOL) return text === 'true' ? true : text === 'false' ? false : text
  return text
}
