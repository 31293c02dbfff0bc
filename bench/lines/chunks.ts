/** One artifact in very many chunks: what it costs on the wire, in memory and in storage, and whether that stays linear. */
import { readdir, stat } from 'node:fs/promises'
import http from 'node:http'
import { join } from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { taskKey } from '../../src/bus/live-event.js'
import { type Child, startChild, type Usage } from '../support/child.js'
import { type Group, type Line, resultOf } from '../support/line.js'
import { messageRequest } from '../support/rpc-client.js'

const FULL = 100_000
const SHORT = 20_000
/**
 * How many times fewer chunks it is compared with. Before it is told, as many chunks are told in so many smaller artifacts:
 * the memory that counts is what one large artifact takes in a server that has been at work.
 */
const FEWER = 10
/** The official SDK copies the whole artifact for each chunk: more would take minutes. */
const THEIR_CHUNKS = 2_000
const THEIRS = `@a2a-js/sdk in memory, ${THEIR_CHUNKS.toLocaleString('en')} chunks`
const MIB = 1_048_576

const lines = (chunks: number) => {
  const what = `one artifact in ${chunks.toLocaleString('en')} chunks`
  const fewer = `in ${(chunks / FEWER).toLocaleString('en')} chunks`
  return {
    wire: {
      name: `${what}: bytes on the wire for each`,
      unit: 'B',
      besideName: fewer,
      goal: { kind: 'at most', of: 'ratio', bound: 1.1 },
    },
    memory: {
      name: `${what}: memory while it is said`,
      unit: 'MiB more',
      besideName: THEIRS,
      goal: { kind: 'at most', of: 'value', bound: 64 },
    },
    stored: {
      name: `${what}: bytes written down for each`,
      unit: 'B',
      besideName: THEIRS,
      goal: { kind: 'at most', of: 'ratio', bound: 0.1 },
    },
    events: {
      name: `${what}: events in Temporal's history`,
      unit: 'events',
      besideName: fewer,
      goal: { kind: 'at most', of: 'value', bound: 29 },
    },
  } satisfies Record<string, Line>
}

interface Told {
  readonly taskId: string
  readonly wireBytes: number
  /** More than before, at its peak, in bytes. */
  readonly memory: number
}

/** Has an artifact told in so many chunks, and reads it as a stream. */
async function tell(server: Child<unknown>, url: string, text: string): Promise<Told> {
  const before = await server.ask<Usage>('watch')
  const read = await readAll(url, messageRequest('SendStreamingMessage', text))
  const peak = await server.ask<Usage>('peak')
  if (!read.end.includes('"TASK_STATE_COMPLETED"')) throw new Error(`not completed: ${read.end}`)
  const [, taskId = ''] = /"task":\{"id":"([^"]+)"/.exec(read.begin) ?? []
  return { taskId, wireBytes: read.bytes, memory: peak.rssBytes - before.rssBytes }
}

/** As {@link tell}, after the smaller ones. */
async function tellAfterSmaller(
  server: Child<unknown>,
  url: string,
  chunks: number,
  text: (chunks: number) => string,
): Promise<{ smaller: Told; told: Told }> {
  const smaller: Told[] = []
  for (let i = 0; i < FEWER; i += 1) smaller.push(await tell(server, url, text(chunks / FEWER)))
  return { smaller: smaller.at(-1) as Told, told: await tell(server, url, text(chunks)) }
}

/** How many bytes a stream has, and the first and last of them. */
function readAll(url: string, body: string): Promise<{ bytes: number; begin: string; end: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'a2a-version': '1.0' }
    const request = http.request(url, { method: 'POST', headers }, (response) => {
      let bytes = 0
      let begin = ''
      let end = ''
      response.on('data', (data: Buffer) => {
        bytes += data.length
        if (begin.length < 1_000) begin += data.toString()
        end = (end + data.toString()).slice(-1_000)
      })
      response.on('end', () => resolve({ bytes, begin, end }))
      response.on('error', reject)
    })
    request.on('error', reject)
    request.end(body)
  })
}

async function directoryBytes(directory: string): Promise<number> {
  const sizes = await Promise.all(
    (await readdir(directory)).map(async (file) => (await stat(join(directory, file))).size),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}

async function theirs(): Promise<{ memory: number; stored: number }> {
  const server = await startChild<{ port: number }>('a2a-js')
  try {
    const url = `http://127.0.0.1:${server.ready.port}/`
    const text = (chunks: number) => `chunks ${chunks}`
    const { told } = await tellAfterSmaller(server, url, THEIR_CHUNKS, text)
    const before = await server.ask<{ bytes: number }>('stored')
    await tell(server, url, text(THEIR_CHUNKS))
    const after = await server.ask<{ bytes: number }>('stored')
    return { memory: told.memory, stored: after.bytes - before.bytes }
  } finally {
    await server.stop()
  }
}

export const chunksGroup: Group = {
  name: 'chunks',
  async run({ temporalAddress, full, log }) {
    const chunks = full ? FULL : SHORT
    log(`one artifact in ${THEIR_CHUNKS} chunks, the official SDK`)
    const beside = await theirs()
    log(`one artifact in ${chunks} chunks`)
    const server = await startChild<{ port: number; directory: string }>('ours', [temporalAddress])
    const connection = await Connection.connect({ address: temporalAddress })
    const client = new Client({ connection })
    const history = (taskId: string) =>
      client.workflow.getHandle(taskKey({ tenant: '', agentId: 'talker', taskId })).describe()
    try {
      const url = `http://127.0.0.1:${server.ready.port}/agents/talker`
      const { smaller, told } = await tellAfterSmaller(server, url, chunks, String)
      const [few, all] = [await history(smaller.taskId), await history(told.taskId)]
      const kept = await directoryBytes(server.ready.directory)
      await tell(server, url, String(chunks))
      const stored = (await directoryBytes(server.ready.directory)) - kept + (all.historySize ?? 0)
      const { wire, memory, stored: storage, events } = lines(chunks)
      return [
        resultOf(wire, { value: told.wireBytes / chunks, beside: smaller.wireBytes / (chunks / FEWER) }),
        resultOf(memory, { value: told.memory / MIB, beside: beside.memory / MIB }),
        resultOf(storage, { value: stored / chunks, beside: beside.stored / THEIR_CHUNKS }),
        resultOf(events, { value: all.historyLength, beside: few.historyLength }),
      ]
    } finally {
      await connection.close()
      await server.stop()
    }
  },
}
