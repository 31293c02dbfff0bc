/** What a peer can see of a schema on the wire, as plain data that can be compared. */
import type { DescEnum, DescField, DescFile, DescMessage, DescMethod } from '@bufbuild/protobuf'
import { getOption, ScalarType, toJson } from '@bufbuild/protobuf'
import { nestedTypes } from '@bufbuild/protobuf/reflect'
import { FieldOptionsSchema, FileOptionsSchema, MethodOptionsSchema } from '@bufbuild/protobuf/wkt'
import { http } from '../../gen/google/api/annotations_pb.js'
import { method_signature } from '../../gen/google/api/client_pb.js'
import { FieldBehavior, field_behavior } from '../../gen/google/api/field_behavior_pb.js'
import type { HttpRule } from '../../gen/google/api/http_pb.js'

/** Every place where two JSON values differ, in the order of their paths. */
export function differences(wanted: unknown, found: unknown, path = ''): string[] {
  if (isParent(wanted) && isParent(found) && Array.isArray(wanted) === Array.isArray(found)) {
    const keys = [...new Set([...Object.keys(wanted), ...Object.keys(found)])].sort()
    return keys.flatMap((key) => differences(wanted[key], found[key], join(path, key, Array.isArray(wanted))))
  }
  const [want, have] = [JSON.stringify(wanted), JSON.stringify(found)]
  return want === have ? [] : [`${path}: ${have ?? 'missing'}, expected ${want ?? 'nothing'}`]
}

function isParent(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function join(path: string, key: string, isIndex: boolean): string {
  if (isIndex) return `${path}[${key}]`
  return path === '' ? key : `${path}.${key}`
}

/** A descriptor in the shape of the facts. Anything unset is left out. */
export function factsOfDescriptor(file: DescFile) {
  const enums: Record<string, unknown> = {}
  const messages: Record<string, unknown> = {}
  const services: Record<string, unknown> = {}
  const extensions: string[] = []
  // Nested declarations come too: the public file has none, so each one would show as extra.
  for (const type of nestedTypes(file)) {
    const name = type.typeName.replace(`${file.proto.package}.`, '')
    if (type.kind === 'enum') enums[name] = factsOfEnum(type)
    else if (type.kind === 'message') messages[name] = Object.fromEntries(type.fields.map((f) => [f.name, factsOf(f)]))
    else if (type.kind === 'service') services[name] = Object.fromEntries(type.methods.map(factsOfMethod))
    else extensions.push(name)
  }
  return {
    package: file.proto.package,
    syntax: file.proto.syntax,
    fileOptions: file.proto.options && toJson(FileOptionsSchema, file.proto.options),
    imports: file.proto.dependency,
    ...(extensions.length > 0 && { extensions }),
    enums,
    messages,
    services,
  }
}

function factsOfEnum(type: DescEnum) {
  return Object.fromEntries(type.values.map((value) => [value.name, value.number]))
}

function factsOf(field: DescField) {
  const behavior = getOption(field, field_behavior).map((each) => FieldBehavior[each])
  return {
    number: field.number,
    type: typeOf(field),
    ...(field.fieldKind === 'list' && { repeated: true }),
    ...(field.proto.proto3Optional && { optional: true }),
    ...(behavior.length > 0 && { required: behavior.join() === 'REQUIRED' || behavior }),
    ...(field.oneof && { oneof: field.oneof.name }),
    jsonName: field.jsonName,
    ...(field.proto.options && Object(toJson(FieldOptionsSchema, field.proto.options))),
  }
}

function typeOf(field: DescField): string {
  const value = nameOf(field.enum ?? field.message ?? field.scalar)
  return field.fieldKind === 'map' ? `map<${nameOf(field.mapKey)}, ${value}>` : value
}

function nameOf(type: DescEnum | DescMessage | ScalarType | undefined): string {
  if (type === undefined) return 'unknown'
  return typeof type === 'object' ? type.typeName : ScalarType[type].toLowerCase()
}

function factsOfMethod(method: DescMethod) {
  const rule = getOption(method, http)
  const signatures = getOption(method, method_signature)
  const found = {
    input: method.input.typeName,
    output: method.output.typeName,
    kind: method.methodKind,
    http: [rule, ...rule.additionalBindings].map(factsOfRule),
    ...(signatures.length > 0 && { signatures }),
    ...(method.proto.options && Object(toJson(MethodOptionsSchema, method.proto.options))),
  }
  return [method.name, found] as const
}

function factsOfRule(rule: HttpRule) {
  return {
    verb: rule.pattern.case?.toUpperCase(),
    path: rule.pattern.value,
    ...(rule.body !== '' && { body: rule.body }),
    ...(rule.responseBody !== '' && { responseBody: rule.responseBody }),
  }
}
