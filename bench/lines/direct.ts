/** What the protocol itself costs, beside the official SDK: the same agent, no durability on either side. */
import { create, toBinary } from '@bufbuild/protobuf'
import { Role, SendMessageRequestSchema } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { type Child, startChild, type Usage } from '../support/child.js'
import { grpcLoad } from '../support/grpc-load.js'
import { http1Load, type LoadResult } from '../support/http1-load.js'
import { type Group, type Line, resultOf } from '../support/line.js'
import { inTurn } from '../support/stats.js'

const ROUNDS = 3
const MS = 2_000
const A2A_JS = '@a2a-js/sdk in memory'

const LINES = {
  jsonrpc: {
    name: 'direct messages over JSON-RPC',
    unit: '1/s',
    besideName: A2A_JS,
    goal: { kind: 'at least', of: 'ratio', bound: 3 },
  },
  jsonrpcCpu: {
    name: 'server CPU of a direct message over JSON-RPC',
    unit: 'µs',
    besideName: A2A_JS,
    goal: { kind: 'at most', of: 'ratio', bound: 1 / 3 },
  },
  grpc: {
    name: 'direct messages over gRPC',
    unit: '1/s',
    besideName: A2A_JS,
    goal: { kind: 'at least', of: 'ratio', bound: 1.5 },
  },
  grpcCpu: {
    name: 'server CPU of a direct message over gRPC',
    unit: 'µs',
    besideName: A2A_JS,
    goal: { kind: 'at most', of: 'ratio', bound: 1 / 1.5 },
  },
} satisfies Record<string, Line>

const TEXT = 'x'.repeat(400)

const BODY = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'SendMessage',
  params: { message: { messageId: 'm', role: 'ROLE_USER', parts: [{ text: TEXT }] } },
})

const MESSAGE = toBinary(
  SendMessageRequestSchema,
  create(SendMessageRequestSchema, {
    tenant: '',
    message: { messageId: 'm', role: Role.USER, parts: [{ content: { case: 'text', value: TEXT } }] },
  }),
)

/** Load on a server, and what it cost the server. */
async function measured(
  child: Child<unknown>,
  load: () => Promise<LoadResult>,
): Promise<{ perSecond: number; cpuUs: number }> {
  const before = await child.ask<Usage>('usage')
  const { perSecond, requests } = await load()
  const after = await child.ask<Usage>('usage')
  return { perSecond, cpuUs: (after.cpuUs - before.cpuUs) / requests }
}

export const directGroup: Group = {
  name: 'direct',
  async run({ log }) {
    const ours = await startChild<{ port: number }>('ours')
    const theirs = await startChild<{ port: number; grpcPort: number }>('a2a-js')
    const cpu: Record<'ours' | 'theirs', number[]> = { ours: [], theirs: [] }
    const side = (name: 'ours' | 'theirs', child: Child<unknown>, load: () => Promise<LoadResult>) => async () => {
      const { perSecond, cpuUs } = await measured(child, load)
      cpu[name].push(cpuUs)
      return perSecond
    }
    const middle = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
    const cpuOf = () => {
      const result = { value: middle(cpu.ours), beside: middle(cpu.theirs) }
      cpu.ours = []
      cpu.theirs = []
      return result
    }
    const jsonrpc = (port: number, path: string) => () =>
      http1Load({
        port,
        path,
        body: BODY,
        headers: { 'a2a-version': '1.0' },
        connections: 32,
        ms: MS,
        expect: 'Echo: xxx',
      })
    const grpc = (port: number, prefix: string) => () =>
      grpcLoad({
        port,
        path: `${prefix}/lf.a2a.v1.A2AService/SendMessage`,
        message: MESSAGE,
        connections: 4,
        streams: 8,
        ms: MS,
      })
    try {
      log('direct, JSON-RPC')
      await jsonrpc(ours.ready.port, '/agents/direct')()
      await jsonrpc(theirs.ready.port, '/')()
      const overJsonrpc = await inTurn(
        ROUNDS,
        side('ours', ours, jsonrpc(ours.ready.port, '/agents/direct')),
        side('theirs', theirs, jsonrpc(theirs.ready.port, '/')),
      )
      const jsonrpcCpu = cpuOf()
      log('direct, gRPC')
      await grpc(ours.ready.port, '/agents/direct')()
      await grpc(theirs.ready.grpcPort, '')()
      const overGrpc = await inTurn(
        ROUNDS,
        side('ours', ours, grpc(ours.ready.port, '/agents/direct')),
        side('theirs', theirs, grpc(theirs.ready.grpcPort, '')),
      )
      const grpcCpu = cpuOf()
      return [
        resultOf(LINES.jsonrpc, overJsonrpc),
        resultOf(LINES.jsonrpcCpu, jsonrpcCpu),
        resultOf(LINES.grpc, overGrpc),
        resultOf(LINES.grpcCpu, grpcCpu),
      ]
    } finally {
      await Promise.all([ours.stop(), theirs.stop()])
    }
  },
}
