/**
 * Which required fields a request lacks (A2A section 5.7), from the schema's `google.api.field_behavior`: checks are
 * compiled once per message type and run on ProtoJSON.
 */
import { type DescField, type DescMessage, getOption, type JsonObject, type JsonValue } from '@bufbuild/protobuf'
import { FieldBehavior, field_behavior } from '../../gen/google/api/field_behavior_pb.js'
import type { FieldViolation } from './errors.js'

type Check = (json: JsonObject, path: string, out: FieldViolation[]) => void

const compiled = new Map<DescMessage, Check>()

/** Every violation, with its place in dotted form; empty when nothing is missing. */
export function missingFields(desc: DescMessage, json: JsonObject): FieldViolation[] {
  const violations: FieldViolation[] = []
  checkOf(desc)(json, '', violations)
  return violations
}

function checkOf(desc: DescMessage): Check {
  const known = compiled.get(desc)
  if (known !== undefined) return known
  const steps: Check[] = []
  const check: Check = (json, path, out) => {
    for (const step of steps) step(json, path, out)
  }
  // Set before the fields are looked at: types may contain themselves.
  compiled.set(desc, check)
  for (const field of desc.fields) {
    const step = fieldCheck(field)
    if (step !== undefined) steps.push(step)
  }
  for (const oneof of desc.oneofs) {
    if (oneof.fields.length < 2) continue
    const names = oneof.fields.map(({ jsonName }) => jsonName)
    steps.push((json, path, out) => {
      if (names.some((name) => json[name] !== undefined)) return
      out.push({ field: path.replace(/\.$/, ''), description: `needs one of ${names.join(', ')}` })
    })
  }
  return check
}

function fieldCheck(field: DescField): Check | undefined {
  const required = getOption(field, field_behavior).includes(FieldBehavior.REQUIRED)
  const inner = field.message?.typeName.startsWith('google.protobuf.') === false ? checkOf(field.message) : undefined
  if (!required && inner === undefined) return undefined
  const { jsonName, fieldKind } = field
  return (json, path, out) => {
    const value = json[jsonName]
    if (required && isMissing(value)) out.push({ field: path + jsonName, description: 'is required' })
    if (inner === undefined || value === undefined || value === null) return
    if (fieldKind === 'list') {
      ;(value as JsonObject[]).forEach((item, index) => {
        inner(item, `${path}${jsonName}[${index}].`, out)
      })
    } else if (fieldKind === 'map') {
      for (const [key, item] of Object.entries(value)) inner(item as JsonObject, `${path}${jsonName}.${key}.`, out)
    } else {
      inner(value as JsonObject, `${path}${jsonName}.`, out)
    }
  }
}

function isMissing(value: JsonValue | undefined): boolean {
  return value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)
}
