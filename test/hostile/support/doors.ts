/**
 * Every way in: each operation over each binding of each version, out of the descriptors and the tables of the dialects. A
 * request of an operation becomes a shot at any of them.
 */
import { type DescMethod, fromJson, type JsonObject, type JsonValue, toBinary } from '@bufbuild/protobuf'
import { A2AService as OldService } from '../../../gen/a2a/v1/a2a_pb.js'
import { V0_2_ROUTES } from '../../../src/bindings/dialects/v0_2/routes.js'
import { KIND, PATHS, PROTO } from '../../support/old-wires.js'
import type { Operation } from '../../support/wire.js'
import type { Form } from './forms.js'
import { BINARY_BINDINGS, binaryShot, goodShot, JSON_BINDINGS, jsonShot, METHODS, type Shot } from './shots.js'

interface AnyDoor {
  /** For people: the operation and the wire. */
  readonly name: string
  /** The operation of 1.0. */
  readonly method: DescMethod
  /** A request of the operation in the words of this version. */
  words(request: JsonObject): JsonObject
}

export interface JsonDoor extends AnyDoor {
  readonly kind: 'json'
  /** @param text in place of what the JSON gives, where there is a body */
  shot(json: JsonObject, text?: string): Shot
}

export interface BinaryDoor extends AnyDoor {
  readonly kind: 'binary'
  /** @throws when the schema has no place for it */
  encode(json: JsonObject): Uint8Array
  shot(bytes: Uint8Array): Shot
}

export type Door = JsonDoor | BinaryDoor

const same = (request: JsonObject) => request

function operationOf({ localName }: DescMethod): Operation {
  return localName as Operation
}

function currentDoors(method: DescMethod): Door[] {
  const named = (binding: string) => ({ name: `${method.name} over ${binding}`, method, words: same })
  return [
    ...JSON_BINDINGS.map((binding): Door => {
      const shot = (json: JsonObject, text?: string) => {
        const good = goodShot(binding, method, json)
        return text === undefined || good.body === undefined ? good : jsonShot(binding, method, text, json)
      }
      return { kind: 'json', ...named(binding), shot }
    }),
    ...BINARY_BINDINGS.map((binding): Door => {
      const encode = (json: JsonObject) => toBinary(method.input, fromJson(method.input, json))
      return { kind: 'binary', ...named(binding), encode, shot: (bytes) => binaryShot(binding, method, bytes) }
    }),
  ]
}

/** JSON-RPC of 0.3 and, at its own address, of 0.2.5. */
function kindDoors(method: DescMethod): Door[] {
  const old = KIND[operationOf(method)]
  if (old === undefined) return []
  return (
    [
      ['0.3', '/'],
      ['0.2', '/a2a'],
    ] as const
  ).map(([version, path]) => ({
    kind: 'json',
    name: `${old.name} over jsonrpc-${version}`,
    method,
    words: old.request,
    shot: (json, text = JSON.stringify(json)) => ({
      version: '1.1',
      form: 'jsonrpc',
      method: 'POST',
      path,
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(`{"jsonrpc":"2.0","id":1,"method":"${old.name}","params":${text}}`),
    }),
  }))
}

/** REST, gRPC, gRPC-Web and Connect of 0.3. */
function protoDoors(method: DescMethod): Door[] {
  const old = PROTO[operationOf(method)]
  const rpc = OldService.methods.find(({ name }) => name === old?.name)
  if (old === undefined || rpc === undefined) return []
  const named = (binding: string) => ({ name: `${old.name} over ${binding}-0.3`, method, words: old.request })
  const unversioned = ({ headers: { 'a2a-version': _, ...headers }, ...shot }: Shot): Shot => ({ ...shot, headers })
  return [
    {
      kind: 'json',
      ...named('rest'),
      shot(json, text) {
        const [verb, path, taken] = PATHS[old.name]?.(json) ?? ['GET', '/']
        return restShot('rest-old', verb, path, without(json, [taken ?? '']), text)
      },
    },
    {
      kind: 'json',
      ...named('connect-json'),
      shot: (json, text = JSON.stringify(json)) => unversioned(jsonShot('connect-json', rpc, text, json)),
    },
    ...BINARY_BINDINGS.map(
      (binding): Door => ({
        kind: 'binary',
        ...named(binding),
        encode: (json) => toBinary(rpc.input, fromJson(rpc.input, json)),
        shot: (bytes) => unversioned(binaryShot(binding, rpc, bytes)),
      }),
    ),
  ]
}

/** What is known of a route without asking it: the paths of 0.2.5 and the operations behind them. */
const V0_2_OPERATIONS: Readonly<Record<string, Operation>> = {
  'GET /a2a/stream': 'subscribeToTask',
  'GET /a2a/tasks/{id}': 'getTask',
  'POST /a2a/tasks/{id}/cancel': 'cancelTask',
  'GET /a2a/tasks/{id}/history': 'getTask',
  'POST /a2a/tasks/{taskId}/pushNotifications': 'createTaskPushNotificationConfig',
  'PUT /a2a/tasks/{taskId}/pushNotifications': 'createTaskPushNotificationConfig',
  'GET /a2a/tasks/{taskId}/pushNotifications': 'listTaskPushNotificationConfigs',
  'GET /a2a/tasks/{taskId}/pushNotifications/{id}': 'getTaskPushNotificationConfig',
  'DELETE /a2a/tasks/{taskId}/pushNotifications/{id}': 'deleteTaskPushNotificationConfig',
  'GET /agent/authenticatedExtendedCard': 'getExtendedAgentCard',
}

function oldestDoors(): Door[] {
  return V0_2_ROUTES.map(({ httpMethod, template }): Door => {
    const name = `${httpMethod} ${template}`
    const method = METHODS.find(({ localName }) => localName === V0_2_OPERATIONS[name])
    if (method === undefined) throw new Error(`which operation is ${name}?`)
    const taken = [...template.matchAll(/\{(\w+)\}/g)].map(([, variable = '']) => variable)
    const paging: JsonObject = template.endsWith('/history') ? { offset: 0, limit: 2 } : {}
    return {
      kind: 'json',
      name: `${name} over rest-0.2`,
      method,
      words: (request) => ({
        ...request,
        ...(template === '/a2a/stream' ? { taskId: request.id ?? '', heartbeat: 5 } : paging),
      }),
      shot(json, text) {
        const path = template.replace(/\{(\w+)\}/g, (_, variable) => escaped(json[variable]))
        return restShot('rest-old', httpMethod, path, without(json, taken), text)
      },
    }
  })
}

function restShot(form: Form, method: string, path: string, rest: JsonObject, text?: string): Shot {
  const safe = path.replace(/[^\x21-\x7e]|[#?]/g, (character) => encodeURIComponent(character.toWellFormed()))
  if (method === 'POST' || method === 'PUT') {
    const body = Buffer.from(text ?? JSON.stringify(rest))
    return { version: '1.1', form, method, path: safe, headers: { 'content-type': 'application/json' }, body }
  }
  const values = Object.entries(rest).map(([name, value]): [string, string] => [name, valueText(value)])
  const query = new URLSearchParams(values).toString()
  return { version: '1.1', form, method, path: `${safe}${query === '' ? '' : `?${query}`}`, headers: {} }
}

function valueText(value: JsonValue): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function without(json: JsonObject, taken: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(json).filter(([name]) => !taken.includes(name)))
}

function escaped(value: JsonValue | undefined): string {
  return encodeURIComponent(valueText(value ?? '').toWellFormed())
}

export const DOORS: readonly Door[] = [
  ...METHODS.flatMap((method) => [...currentDoors(method), ...kindDoors(method), ...protoDoors(method)]),
  ...oldestDoors(),
]
