/** JSON-RPC method names of A2A 1.0: the names of the RPCs (A2A section 9.1), from the schema. */
import type { DescMethod } from '@bufbuild/protobuf'
import { A2AService } from '../../../gen/lf/a2a/v1/a2a_pb.js'

const METHODS: ReadonlyMap<string, DescMethod> = new Map(A2AService.methods.map((method) => [method.name, method]))

export function methodNamed(name: string): DescMethod | undefined {
  return METHODS.get(name)
}
