/**
 * Every operation on every binding of every version, out of the schema and the tables of the dialects, and the test that
 * `docs/compatibility.md` names for each.
 */
import { readFileSync } from 'node:fs'
import { type DescService, getOption } from '@bufbuild/protobuf'
import { http } from '../../gen/google/api/annotations_pb.js'
import { V0_2_METHODS } from '../../src/bindings/dialects/v0_2/methods.js'
import { V0_2_ROUTES } from '../../src/bindings/dialects/v0_2/routes.js'
import { V0_3_METHODS } from '../../src/bindings/dialects/v0_3/json/methods.js'
import { V0_3_SERVICE } from '../../src/bindings/dialects/v0_3/proto/methods.js'
import { chosen, type MethodEntry, NATIVE, type ServiceVersion } from '../../src/bindings/method.js'
import { observe, schemaName } from './observations.js'

export interface Cell {
  /** Of 1.0. */
  readonly operation: string
  readonly version: string
  readonly binding: string
  /** Method, or verb and path; undefined where the version has no such operation. */
  readonly asked: string | undefined
  /** What the tests' wires and the calls that were seen are called. */
  readonly wire: string
}

const RPC_BINDINGS = ['connect-json', 'connect', 'grpc', 'grpc-web']

const BINDINGS: Readonly<Record<string, string>> = {
  jsonrpc: 'JSON-RPC',
  rest: 'REST',
  'connect-json': 'Connect (JSON)',
  connect: 'Connect (binary)',
  grpc: 'gRPC',
  'grpc-web': 'gRPC-Web',
}

/** In the order of the schema. */
export function cells(): Cell[] {
  return NATIVE.service.methods.flatMap(({ name, localName }) => [
    ...found(name, '1.0', '', 'jsonrpc', [name]),
    ...found(name, '1.0', '', 'rest', restOf(NATIVE, localName)),
    ...RPC_BINDINGS.flatMap((binding) => found(name, '1.0', '', binding, rpcOf(NATIVE, localName))),
    ...found(name, '0.3', '-0.3', 'jsonrpc', methodsOf(V0_3_METHODS, localName)),
    ...found(name, '0.3', '-0.3', 'rest', restOf(V0_3_SERVICE, localName)),
    ...RPC_BINDINGS.flatMap((binding) => found(name, '0.3', '-0.3', binding, rpcOf(V0_3_SERVICE, localName))),
    ...found(name, '0.2.5', '-0.2', 'jsonrpc', methodsOf(V0_2_METHODS, localName)),
    ...found(name, '0.2.5', '-0.2', 'rest', pathsOf(localName)),
  ])
}

function found(operation: string, version: string, suffix: string, binding: string, asked: readonly string[]): Cell[] {
  const cell = { operation, version, binding: BINDINGS[binding] ?? binding }
  if (asked.length === 0) return [{ ...cell, asked: undefined, wire: `${binding}${suffix}` }]
  // Each path of 0.2.5 is a cell of its own: they are no bindings of a schema.
  if (version === '0.2.5' && binding === 'rest') {
    return asked.map((path) => ({ ...cell, asked: path, wire: `${path} of 0.2.5` }))
  }
  return [{ ...cell, asked: asked.join(', '), wire: `${binding}${suffix}` }]
}

function namesOf({ methods }: ServiceVersion, operation: string): string[] {
  return [...methods].filter(([, method]) => method.operation === operation).map(([name]) => name)
}

function rpcOf(version: ServiceVersion, operation: string): string[] {
  return namesOf(version, operation).map((name) => `${version.service.typeName}/${name}`)
}

function restOf(version: ServiceVersion, operation: string): string[] {
  return namesOf(version, operation).map((name) => ruleOf(version.service, name))
}

function ruleOf({ methods }: DescService, name: string): string {
  const method = methods.find((each) => each.name === name)
  if (method === undefined) throw new Error(`${name} is not in the schema`)
  const { pattern } = getOption(method, http)
  return `${pattern.case?.toUpperCase()} ${String(pattern.value).replaceAll('=*}', '}')}`
}

function operationOf(entry: MethodEntry): string {
  return chosen(entry, {}).operation
}

function methodsOf(table: ReadonlyMap<string, MethodEntry>, operation: string): string[] {
  // A choice that depends on what is asked is known by its name.
  const isChoice = (name: string) => name === 'tasks/pushNotificationConfig/get'
  return [...table]
    .filter(([name, entry]) =>
      isChoice(name) ? operation === 'getTaskPushNotificationConfig' : operationOf(entry) === operation,
    )
    .map(([name]) => name)
}

function pathsOf(operation: string): string[] {
  return V0_2_ROUTES.filter(({ method }) => operationOf(method) === operation).map(
    ({ httpMethod, template }) => `${httpMethod} ${template}`,
  )
}

/** Paths of 0.2.5 below `/a2a`, which no wire goes to: `fetch` is watched in a file that says so. */
export function watchOldPaths(): void {
  const routes = V0_2_ROUTES.map(({ httpMethod, template, method }) => ({
    name: `${httpMethod} ${template}`,
    verb: httpMethod,
    path: new RegExp(`^(?:/agents/[^/]+)?${template.replace(/\{\w+\}/g, '[^/]+')}$`),
    operation: schemaName(operationOf(method)),
  }))
  const original = globalThis.fetch
  globalThis.fetch = async (input, init) => {
    const { pathname } = new URL(String(input))
    const verb = init?.method ?? 'GET'
    const route = routes.find((each) => each.verb === verb && each.path.test(pathname))
    const response = await original(input, init)
    if (route !== undefined) observe(`${route.name} of 0.2.5`, route.operation, response.ok)
    return response
  }
}

export interface Row {
  readonly cell: Pick<Cell, 'operation' | 'version' | 'binding'> & { readonly asked: string }
  readonly file: string
  readonly test: string
}

export const TABLE_PATH = new URL('../../docs/compatibility.md', import.meta.url)
export const TABLE_BEGIN = '<!-- cells: written by `npm run cells` -->'
export const TABLE_END = '<!-- end of cells -->'
export const NOT_THERE = 'not in this version'

/** What `docs/compatibility.md` says. */
export function tableRows(): Row[] {
  const text = readFileSync(TABLE_PATH, 'utf8')
  const begin = text.indexOf(TABLE_BEGIN)
  const end = text.indexOf(TABLE_END)
  if (begin < 0 || end < 0) return []
  const lines = text.slice(begin, end).split('\n')
  return lines
    .filter((line) => line.startsWith('| ') && !/^\| (?:operation|-)/.test(line))
    .map((line) => {
      const [operation = '', version = '', binding = '', asked = '', file = '', test = ''] = line
        .slice(2, -2)
        .split(' | ')
        .map((column) => column.replaceAll('`', '').trim())
      return { cell: { operation, version, binding, asked }, file, test: test.replaceAll('\\|', '|') }
    })
}

export function isSameCell({ cell }: Row, { operation, version, binding, asked }: Cell): boolean {
  return (
    cell.operation === operation &&
    cell.version === version &&
    cell.binding === binding &&
    cell.asked === (asked ?? NOT_THERE)
  )
}
