/** What a durable task costs beside raw Temporal: the same server, the same process, in turn. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '../../src/internal/logger.js'
import { startOneProcess } from '../../src/worker/one-process.js'
import { installRuntime } from '../../src/worker/runtime.js'
import { agents } from '../support/agents.js'
import { type Group, type Line, resultOf } from '../support/line.js'
import { startRawTemporal } from '../support/raw-temporal.js'
import { firstPiece, messageRequest, post } from '../support/rpc-client.js'
import { inTurn, median, oneByOne, perSecond } from '../support/stats.js'

const ROUNDS = 16
const ONE_BY_ONE = 15
const AT_ONCE = 20
const LOAD = 100

const RAW = 'raw Temporal: eager start, eager activity'
const RAW_INLINE = 'raw Temporal: eager start, local activity, result'

const LINES = {
  durable: {
    name: 'durable task, one at a time, p50',
    unit: 'ms',
    besideName: RAW,
    goal: { kind: 'at most', of: 'ratio', bound: 1.15 },
  },
  durableLoad: {
    name: 'durable tasks, 20 at a time',
    unit: '1/s',
    besideName: RAW,
    goal: { kind: 'at least', of: 'ratio', bound: 0.9 },
  },
  inline: {
    name: 'inline task, one at a time, p50',
    unit: 'ms',
    besideName: RAW_INLINE,
    goal: { kind: 'at most', of: 'ratio', bound: 1.15 },
  },
  inlineLoad: {
    name: 'inline tasks, 20 at a time',
    unit: '1/s',
    besideName: RAW_INLINE,
    goal: { kind: 'at least', of: 'ratio', bound: 0.9 },
  },
  firstEvent: {
    name: 'first event after the request, p50',
    unit: 'ms',
    besideName: 'raw StartWorkflow',
    goal: { kind: 'at most', of: 'difference', bound: 3 },
  },
} satisfies Record<string, Line>

export const durableGroup: Group = {
  name: 'durable',
  async run({ temporalAddress, log }) {
    const directory = await mkdtemp(join(tmpdir(), 'temporal-a2a-bench-'))
    installRuntime(silentLogger)
    const raw = await startRawTemporal(temporalAddress)
    const ours = await startOneProcess({
      agents,
      logger: silentLogger,
      temporalAddress,
      taskQueue: 'bench-ours',
      db: join(directory, 'a2a.db'),
    })
    const request = messageRequest('SendMessage', 'hi')
    const call = async (agent: string) => {
      const answer = await post(`${ours.server.url}/agents/${agent}`, request)
      if (!answer.includes('"TASK_STATE_COMPLETED"')) throw new Error(`not completed: ${answer}`)
    }
    const stream = messageRequest('SendStreamingMessage', 'hi')
    const firstEvent = async () => {
      const begun = performance.now()
      const { first, whole } = await firstPiece(`${ours.server.url}/agents/durable`, stream)
      const took = performance.now() - begun
      if (!first.includes('"task"')) throw new Error(`not a task: ${first}`)
      await whole
      return took
    }
    try {
      await oneByOne(60, () => call('durable'))
      await oneByOne(60, () => raw.durable())
      log('durable, one at a time')
      const durable = await inTurn(
        ROUNDS,
        async () => median(await oneByOne(ONE_BY_ONE, () => call('durable'))),
        async () => median(await oneByOne(ONE_BY_ONE, () => raw.durable())),
      )
      log('durable, 20 at a time')
      const durableLoad = await inTurn(
        6,
        () => perSecond(LOAD, AT_ONCE, () => call('durable')),
        () => perSecond(LOAD, AT_ONCE, () => raw.durable()),
      )
      log('inline, one at a time')
      const inline = await inTurn(
        ROUNDS,
        async () => median(await oneByOne(ONE_BY_ONE, () => call('inline'))),
        async () => median(await oneByOne(ONE_BY_ONE, () => raw.inline())),
      )
      log('inline, 20 at a time')
      const inlineLoad = await inTurn(
        6,
        () => perSecond(LOAD, AT_ONCE, () => call('inline')),
        () => perSecond(LOAD, AT_ONCE, () => raw.inline()),
      )
      log('first event')
      const first = await inTurn(
        ROUNDS,
        async () => {
          const times: number[] = []
          for (let i = 0; i < 8; i += 1) times.push(await firstEvent())
          return median(times)
        },
        async () => median(await oneByOne(8, () => raw.start())),
      )
      return [
        resultOf(LINES.durable, durable),
        resultOf(LINES.durableLoad, durableLoad),
        resultOf(LINES.inline, inline),
        resultOf(LINES.inlineLoad, inlineLoad),
        resultOf(LINES.firstEvent, first),
      ]
    } finally {
      await ours.stop()
      await raw.stop()
      await rm(directory, { recursive: true, force: true })
    }
  },
}
