/** The JSON-RPC methods of 0.2.5: those of 0.3, with streams of their own. */
import type { JsonObject } from '@bufbuild/protobuf'
import type { Method, MethodEntry } from '../../method.js'
import { V0_3_METHODS } from '../v0_3/json/methods.js'
import { withPace } from './stream.js'

export const V0_2_METHODS: ReadonlyMap<string, MethodEntry> = new Map(
  [...V0_3_METHODS].map(([name, entry]): [string, MethodEntry] => [
    name,
    typeof entry === 'function' ? (params: JsonObject) => older(entry(params)) : older(entry),
  ]),
)

function older(method: Method): Method {
  return method.kind === 'stream' ? withPace(method) : method
}
