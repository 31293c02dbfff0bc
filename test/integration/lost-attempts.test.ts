/** Heartbeats, cancel, failure: processes that are killed or stopped in the middle of a turn, seen by a reader. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ArtifactJson, StreamResponseJson, TaskJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { TaskBuilder } from '../../src/a2a/apply-event.js'
import { type Cli, endAll, runCli } from '../support/processes.js'
import { outline, send, streamedText } from '../support/reading.js'
import { type Wire, wireNamed } from '../support/wires.js'

const CURSOR = 'urn:temporal-a2a:cursor:v1'
const HEADERS = { 'a2a-extensions': CURSOR }

/** The first attempt talks for long, with the time of each word; the next says one sentence. */
const AGENTS = `
import { agent, artifact } from ${JSON.stringify(new URL('../../dist/src/index.js', import.meta.url).href)}
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
export default agent({ id: 'talker' }, async function* (message, ctx) {
  if (ctx.attempt > 1) {
    if (message.text === 'go on') yield ctx.resume?.text ?? ''
    for (const word of ['attempt', ' two']) {
      await sleep(200)
      yield word
    }
    return
  }
  yield 'begun '
  if (message.text !== 'go on') yield artifact({ artifactId: 'log', name: 'log', parts: [{ text: 'of attempt one' }] })
  for (let i = 0; i < 300; i += 1) {
    await sleep(100)
    yield Date.now() + ' '
  }
})
`

let directory: string
let first: Cli
let second: Cli
let here: Wire
let there: Wire

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'temporal-a2a-lost-'))
  const file = join(directory, 'agents.mjs')
  await writeFile(file, AGENTS)
  const serve = () => runCli(['serve', file, '--port', '0', '--json', '--db', join(directory, 'a2a.db')])
  // The other one first, so that Temporal is not the child of a process that will die.
  second = serve()
  there = wireNamed('jsonrpc', (await second.json<{ url: string }>()).url)
  first = serve()
  here = wireNamed('jsonrpc', (await first.json<{ url: string }>()).url)
}, 60_000)

afterEach(async () => {
  await endAll()
  await rm(directory, { recursive: true, force: true })
})

async function until(reader: AsyncGenerator<object>, done: (events: StreamResponseJson[]) => boolean) {
  const events: StreamResponseJson[] = []
  while (!done(events)) {
    const step = await reader.next()
    if (step.done === true) throw new Error(`the stream ended: ${outline(events).join()}`)
    events.push(step.value)
  }
  return events
}

function metadataOf({ task, statusUpdate, artifactUpdate }: StreamResponseJson) {
  return (task ?? statusUpdate ?? artifactUpdate)?.metadata ?? {}
}

function artifactsOf(events: readonly StreamResponseJson[]): ArtifactJson[] {
  const builder = new TaskBuilder({})
  for (const event of events) builder.apply(event)
  return sorted(builder.build().artifacts)
}

function sorted(artifacts: readonly ArtifactJson[] = []): ArtifactJson[] {
  return [...artifacts].sort((a, b) => ((a.artifactId ?? '') < (b.artifactId ?? '') ? -1 : 1))
}

const isLog = ({ artifactUpdate }: StreamResponseJson) => artifactUpdate?.artifact?.artifactId === 'log'

/** Everything that is still to come, at the other process. */
async function resumeThere(events: readonly StreamResponseJson[]): Promise<StreamResponseJson[]> {
  const id = events[0]?.task?.id ?? ''
  const cursor = String(metadataOf(events.at(-1) ?? {})[CURSOR])
  const rest: StreamResponseJson[] = []
  const headers = { ...HEADERS, 'last-event-id': cursor }
  for await (const event of there.stream('subscribeToTask', { id }, { headers })) rest.push(event as StreamResponseJson)
  return rest
}

describe('a process that is killed in the middle of a sentence', () => {
  it('acceptance 1, 2: the reader goes on elsewhere with its cursor, and what the lost attempt has shown is replaced or superseded', async () => {
    const reader = here.stream('sendStreamingMessage', send('x'), { headers: HEADERS })
    const events = await until(reader, (read) => read.some(isLog))
    first.kill('SIGKILL')
    await first.ended
    await reader.return().catch(() => {})
    const killedAt = Date.now()
    const rest = await resumeThere(events)
    expect(Date.now() - killedAt).toBeLessThan(30_000)
    const task = (await there.call('getTask', { id: events[0]?.task?.id ?? '' })) as TaskJson
    expect(artifactsOf([...events, ...rest])).toEqual(sorted(task.artifacts))
    expect(sorted(task.artifacts).map(({ parts, metadata }) => [parts, metadata])).toEqual([
      [[{ text: 'attempt two' }], undefined],
      [[{ text: '' }], { superseded: true }],
    ])
    expect(outline(rest).filter((each) => /COMPLETED/.test(each))).toHaveLength(1)
  }, 60_000)

  it('a handler goes on from what was durably shown (ctx.resume)', async () => {
    const reader = here.stream('sendStreamingMessage', send('go on'), { headers: HEADERS })
    const begun = Date.now()
    const events = await until(reader, () => Date.now() - begun > 3_500)
    first.kill('SIGKILL')
    await first.ended
    await reader.return().catch(() => {})
    const shown = streamedText(events)
    const rest = await resumeThere(events)
    const task = (await there.call('getTask', { id: events[0]?.task?.id ?? '' })) as TaskJson
    const text = streamedText([...events, ...rest])
    expect(task.artifacts?.[0]?.parts).toEqual([{ text }])
    const kept = text.slice(0, text.indexOf('attempt two'))
    expect(shown.startsWith(kept)).toBe(true)
    // A checkpoint is at most two seconds old; every word takes 100 ms.
    expect(kept.split(' ').length).toBeGreaterThan(5)
  }, 60_000)
})

describe('a process that is stopped, and goes on after its turn was given away', () => {
  it('is not heard by its own readers, and its result is not the task’s', async () => {
    const reader = here.stream('sendStreamingMessage', send('x'), { headers: HEADERS })
    const events = await until(reader, (read) => read.length > 8)
    const id = events[0]?.task?.id ?? ''
    first.kill('SIGSTOP')
    const stoppedAt = Date.now()
    const elsewhere = await resumeThere(events)
    expect(outline(elsewhere).at(-1)).toMatch(/COMPLETED$/)
    first.kill('SIGCONT')
    for await (const event of reader) events.push(event as StreamResponseJson)
    const late = events.flatMap(({ artifactUpdate }) => artifactUpdate?.artifact?.parts?.[0]?.text ?? [])
    expect(late.filter((text) => Number(text) > stoppedAt + 1_000)).toEqual([])
    const task = (await there.call('getTask', { id })) as TaskJson
    expect(sorted(task.artifacts).map(({ parts }) => parts?.[0]?.text)).toEqual(['attempt two', ''])
    expect(artifactsOf(events)).toEqual(sorted(task.artifacts))
    expect((await here.call('getTask', { id })) as TaskJson).toEqual(task)
  }, 60_000)
})
