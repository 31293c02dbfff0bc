/** What a stream costs on which nothing happens: memory of the server, beside a server that does nothing else. */
import { create, toBinary } from '@bufbuild/protobuf'
import { SubscribeToTaskRequestSchema } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { type Child, startChild, type Usage } from '../support/child.js'
import { type Group, type Line, resultOf } from '../support/line.js'
import { type OpenStreams, openConnect, openSse } from '../support/open-streams.js'
import { waitingTask } from '../support/rpc-client.js'

const FULL = 5_000
const SHORT = 1_000
/** Streams that are open before those that are measured: the first ones cost what is needed once. */
const OPEN_BEFORE = 1_000
/** What was not collected yet is no cost of a stream: the part of the heap where that may pile up is small, on both sides. */
const NODE_ARGS = ['--max-semi-space-size=1', '--min-semi-space-size=1']

const line = (wire: string, streams: number, besideName: string, bound: number): Line => ({
  name: `idle stream over ${wire}, one of ${streams.toLocaleString('en')}`,
  unit: 'KiB',
  besideName,
  goal: { kind: 'at most', of: 'value', bound },
})

interface Server extends Child<{ port: number }> {}

/** KiB that the server holds for each stream, after a garbage collection. */
async function perStream(
  server: Server,
  streams: number,
  open: (count: number) => Promise<OpenStreams>,
): Promise<number> {
  const earlier = await open(OPEN_BEFORE)
  const before = await server.ask<Usage>('usage')
  const opened = await open(streams)
  const after = await server.ask<Usage>('usage')
  await Promise.all([earlier.close(), opened.close()])
  return (after.rssBytes - before.rssBytes) / streams / 1024
}

/** @param args of the script */
async function withServer<T>(script: string, args: readonly string[], use: (server: Server) => Promise<T>): Promise<T> {
  const server = await startChild<{ port: number }>(script, args, NODE_ARGS)
  try {
    return await use(server)
  } finally {
    await server.stop()
  }
}

/** Streams of a task that waits for its caller: nothing happens on them. */
const ours = (temporalAddress: string, open: (port: number, id: string) => (count: number) => Promise<OpenStreams>) => {
  return (streams: number) =>
    withServer('ours', [temporalAddress], async (server) => {
      const id = await waitingTask(`http://127.0.0.1:${server.ready.port}/agents/waiter`)
      return perStream(server, streams, open(server.ready.port, id))
    })
}

const connectTo = (port: number, prefix: string, id: string) => (count: number) =>
  openConnect({
    port,
    path: `${prefix}/lf.a2a.v1.A2AService/SubscribeToTask`,
    message: toBinary(SubscribeToTaskRequestSchema, create(SubscribeToTaskRequestSchema, { id })),
    count,
  })

export const idleStreamsGroup: Group = {
  name: 'idle streams',
  async run({ temporalAddress, full, log }) {
    const streams = full ? FULL : SHORT
    log(`idle streams, ${streams} over Connect`)
    const connect = {
      value: await ours(temporalAddress, (port, id) => connectTo(port, '/agents/waiter', id))(streams),
      beside: await withServer('bare-connect', [], (bare) =>
        perStream(bare, streams, connectTo(bare.ready.port, '', 'x')),
      ),
    }
    log(`idle streams, ${streams} as server-sent events`)
    const sse = {
      value: await ours(temporalAddress, (port, id) => (count) => {
        return openSse({ port, path: `/agents/waiter/tasks/${id}:subscribe`, count })
      })(streams),
      beside: await withServer('bare-sse', [], (bare) =>
        perStream(bare, streams, (count) => openSse({ port: bare.ready.port, path: '/', count })),
      ),
    }
    return [
      resultOf(line('Connect', streams, 'bare Connect server', 64), connect),
      resultOf(line('SSE', streams, 'bare event stream', 16), sse),
    ]
  },
}
