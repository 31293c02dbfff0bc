/**
 * Any handler made of steps, questions and text, crashed anywhere, ends as it does without a crash, and no step runs again
 * once its outcome was written down.
 */

import { describe, expect, it } from 'vitest'
import type { Journal } from '../../../src/agent/journal.js'
import type { EarlierAttempts } from '../../../src/agent/resume.js'
import { runTurn } from '../../../src/agent/run-turn.js'
import type { TurnEvents } from '../../../src/agent/turn-events.js'
import { type AgentContext, type AgentDefinition, agent } from '../../../src/index.js'
import { silentLogger } from '../../../src/internal/logger.js'
import { describeCall, type JournalEntry } from '../../../src/task/journal-entry.js'
import { isEnded, nextMessage, reduce } from '../../../src/task/reduce.js'
import { newTaskRecord, type TaskRecord, type TurnResult } from '../../../src/task/task-record.js'
import { type TurnInput, turnInput } from '../../../src/task/turn-input.js'
import { fc } from '../../support/property.js'

interface StepOp {
  readonly op: 'step'
  readonly name: string
  /** Milliseconds that its work takes. */
  readonly ms: number
  readonly fails: boolean
}
/** Branches beside each other, each a chain of steps. */
interface ParallelOp {
  readonly op: 'parallel'
  readonly branches: readonly (readonly StepOp[])[]
}
type Op = StepOp | ParallelOp | { readonly op: 'ask' } | { readonly op: 'say'; readonly text: string }

const step: fc.Arbitrary<StepOp> = fc.record({
  op: fc.constant('step' as const),
  name: fc.constantFrom('a', 'b', 'c'),
  ms: fc.integer({ min: 0, max: 3 }),
  fails: fc.boolean(),
})
const program: fc.Arbitrary<readonly Op[]> = fc.array(
  fc.oneof(
    step,
    fc.record({
      op: fc.constant('parallel' as const),
      branches: fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), { minLength: 2, maxLength: 3 }),
    }),
    fc.constant({ op: 'ask' as const }),
    fc.record({ op: fc.constant('say' as const), text: fc.constantFrom('x ', 'y ') }),
  ),
  { minLength: 1, maxLength: 6 },
)
/** After how many writes a process dies, each counted from the death before; and whether the last write was in time. */
const crashes = fc.array(fc.record({ writes: fc.integer({ min: 1, max: 4 }), kept: fc.boolean() }), { maxLength: 4 })

/** What a process has written, and when it dies. */
class Life {
  dead = false
  journal: Journal | undefined
  private left: number
  private readonly kept: boolean
  private readonly keep: (journal: readonly JournalEntry[]) => void
  private die: () => void = () => {}
  readonly died = new Promise<'died'>((resolve) => {
    this.die = () => resolve('died')
  })

  constructor(crash: { writes: number; kept: boolean } | undefined, keep: Life['keep']) {
    this.left = crash?.writes ?? Number.POSITIVE_INFINITY
    this.kept = crash?.kept ?? true
    this.keep = keep
  }

  async write(): Promise<void> {
    if (this.dead) return new Promise(() => {})
    this.left -= 1
    if (this.left > 0 || this.kept) this.keep(this.journal?.snapshot ?? [])
    if (this.left > 0) return
    this.dead = true
    this.die()
    return new Promise(() => {})
  }
}

function interpreter(ops: readonly Op[], life: () => Life, written: ReadonlySet<string>): AgentDefinition {
  return agent({ id: 'random' }, async function* (_, ctx) {
    const mine = life()
    const counts = new Map<string, number>()
    const run = async ({ name, ms, fails }: StepOp): Promise<string> => {
      const ordinal = (counts.get(name) ?? 0) + 1
      counts.set(name, ordinal)
      const work = async () => {
        if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms))
        if (mine.dead) return new Promise<string>(() => {})
        const key = describeCall({ kind: 'step', name, ordinal })
        if (written.has(key)) throw new Error(`${key} has run again`)
        if (fails) throw new RangeError(`no ${name}${ordinal}`)
        return `${name}${ordinal}`
      }
      return ctx.step(name, work).catch((error: Error) => {
        if (/again/.test(error.message)) throw error
        return `${error.message}!`
      })
    }
    for (const each of ops) {
      if (each.op === 'say') yield each.text
      else if (each.op === 'ask') yield `${(await (ctx as AgentContext).ask('?')).text} `
      else if (each.op === 'step') yield `${await run(each)} `
      else {
        const branches = each.branches.map(async (chain) => {
          const out: string[] = []
          for (const one of chain) out.push(await run(one))
          return out.length
        })
        yield `${(await Promise.all(branches)).join()} `
      }
    }
  })
}

const AT = '2026-01-01T00:00:00.000Z'

/** Lives the task to its end: what its artifacts say. */
async function live(ops: readonly Op[], deaths: readonly { writes: number; kept: boolean }[]): Promise<string[]> {
  const waiting = [...deaths]
  const written = new Set<string>()
  let current: Life
  const definition = interpreter(ops, () => current, written)
  const message = { messageId: 'm', role: 'ROLE_USER' as const, parts: [{ text: 'go' }] }
  let record: TaskRecord = newTaskRecord({
    tenant: '',
    agentId: 'random',
    taskId: 'task',
    owner: 'local',
    contextId: 'context',
    message,
    params: {},
    at: AT,
  })

  const turn = async (input: TurnInput): Promise<TurnResult> => {
    let before: readonly JournalEntry[] | undefined
    let earlier: EarlierAttempts | undefined
    for (let attempt = 1; ; attempt += 1) {
      const life = new Life(waiting.shift(), (journal) => {
        before = journal
        for (const entry of journal) if (entry.outcome !== undefined) written.add(describeCall(entry))
      })
      current = life
      let events: TurnEvents | undefined
      const running = runTurn(definition, input, {
        attempt,
        signal: new AbortController().signal,
        log: silentLogger,
        graceMs: 0,
        taskShown: false,
        before: earlier,
        writeAhead: () => life.write(),
        journalBefore: before,
        onJournal: (journal) => {
          life.journal = journal
        },
        onEvents: (made) => {
          events = made
        },
        checkpoint: () => life.write(),
        publish: () => {},
        now: () => AT,
        newId: () => 'id',
        drained: () => new Promise((resolve) => process.nextTick(resolve)),
        breathe: () => new Promise((resolve) => setImmediate(resolve)),
      })
      const result = await Promise.race([running, life.died])
      if (result !== 'died') return result
      earlier = events?.earlier(earlier) ?? earlier
    }
  }

  for (let answers = 1; !isEnded(record); answers += 1) {
    const taken = nextMessage(record)
    record = reduce(record, { type: 'turnStarted', at: AT })
    record = reduce(record, { type: 'turnEnded', result: await turn(turnInput(record, taken)), at: AT })
    if (isEnded(record)) break
    const answer = { ...message, parts: [{ text: `answer ${answers}` }] }
    record = reduce(record, { type: 'accepted', message: answer, params: {} })
  }
  return (record.task.artifacts ?? []).map(({ artifactId, parts }) => `${artifactId}: ${parts?.[0]?.text}`)
}

describe('a handler that is crashed anywhere', () => {
  it('ends as without a crash, and no step runs again that was written down', async () => {
    await fc.assert(
      fc.asyncProperty(program, crashes, async (ops, deaths) => {
        expect(await live(ops, deaths)).toEqual(await live(ops, []))
      }),
      { numRuns: 300 },
    )
  }, 60_000)
})
