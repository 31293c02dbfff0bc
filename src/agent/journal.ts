/**
 * The journal of a handler: lets its durable calls through one by one, writes down what came of them, and gives them the
 * same again when the handler is called again.
 *
 * Outcomes are given to the handler one at a time, and between two of them it runs as far as it gets. A replay gives them
 * in the same order, so a handler finds itself in the same place whether its calls ran after or beside each other.
 *
 * A call that the journal does not expect yet is held back: another branch of the handler may still be on its way. When
 * nothing comes that the journal expects, the handler has changed.
 */
import { onAbort, sleep } from '../internal/abort.js'
import type { Logger } from '../internal/logger.js'
import { utf8Bytes } from '../internal/utf8-bytes.js'
import {
  type CallKey,
  type CallKind,
  type CallOutcome,
  describeCall,
  type JournalEntry,
} from '../task/journal-entry.js'
import { mapJournal } from '../task/large-records.js'
import type { OpenAgentCall } from '../task/suspension.js'
import { asWhole, NOTHING, plus, type Weight, weigh, weightOf } from '../task/weight.js'
import { type StopReason, TurnStopped } from './agent-context.js'
import { ChangedOrderError } from './durable-call-errors.js'

export interface JournalHost {
  /** Aborts when the handler has to stop. */
  readonly signal: AbortSignal
  readonly log: Logger
  /** Makes the journal durable as it is now. Rejects when it could not be written. */
  save(): Promise<void>
  /** Resolves when everything has run that can run without waiting for something outside of this process. */
  drained(): Promise<void>
}

/** Why the handler has to stop; undefined while it may go on. */
export function stopReason({ reason }: AbortSignal): StopReason | undefined {
  return reason instanceof TurnStopped ? reason.reason : undefined
}

/** What becomes of a call of a handler that has to stop: it throws, and when the handler is only left, nothing follows. */
export function stopped(signal: AbortSignal): Promise<never> {
  return stopReason(signal) === 'suspended' ? new Promise<never>(() => {}) : Promise.reject(signal.reason)
}

/** A call that has begun. */
export interface OpenCall extends CallKey {
  readonly after: number
  opening?: OpenAgentCall
  open?: OpenAgentCall
  outcome?: CallOutcome
}

/** What came of a call, before it has its place among the others. */
export type NewOutcome = Omit<CallOutcome, 'order'>

/** How long a call is held back that must not come yet, when it came without any wait in between. */
const PROMPT_HOLD_MS = 2_000
/** How long a call is held back when another branch of the handler may still be waiting for something of its own. */
const HOLD_MS = 120_000
/** Pauses between tries to write. */
const FIRST_PAUSE_MS = 100
const MAX_PAUSE_MS = 2_000

export class Journal {
  private readonly host: JournalHost
  private readonly entries: OpenCall[]
  private readonly known: Map<string, OpenCall>
  /** Outcomes that were there when the handler was called. */
  private readonly recorded: number
  /** The call whose outcome lets a suspended handler go on. */
  private readonly awaited: string | undefined
  private readonly counts = new Map<string, number>()
  private readonly called: CallKey[] = []
  /** Outcomes that are taken when their call comes, whenever that is. */
  private readonly finished: ReadonlyMap<string, JournalEntry>
  private settled: number
  private given = 0
  private draining = false
  private waiting = new Set<() => void>()
  /** What it adds to its task, roughly. */
  weight: Weight
  /** The handler is back where it was when it was suspended; true from the beginning when it was not. */
  caughtUp: boolean

  /**
   * @param before the journal so far
   * @param awaited the call that the handler waited in
   * @param finished calls of a handler that runs again with another state: it may call otherwise, but what has run does not
   *   run again
   */
  constructor(
    before: readonly JournalEntry[],
    awaited: CallKey | undefined,
    host: JournalHost,
    finished: readonly JournalEntry[] = [],
  ) {
    this.host = host
    this.finished = new Map(finished.map((entry) => [keyOf(entry), entry]))
    this.entries = before.map((entry) => ({ ...entry }))
    this.known = new Map(this.entries.map((entry) => [keyOf(entry), entry]))
    this.recorded = this.entries.filter(({ outcome }) => outcome !== undefined).length
    this.settled = this.recorded
    this.weight = this.entries.length === 0 ? NOTHING : weigh(this.entries, mapJournal, asWhole)
    this.awaited = awaited === undefined ? undefined : keyOf(awaited)
    this.caughtUp = awaited === undefined
    this.drain()
  }

  /** As data; undefined when no call was made. */
  get snapshot(): readonly JournalEntry[] | undefined {
    return this.entries.length === 0 ? undefined : this.entries.map((entry) => ({ ...entry }))
  }

  /**
   * A call of the handler begins. One that has an outcome already has it when this resolves; any other is to be done.
   *
   * @throws ChangedOrderError
   * @throws TurnStopped
   */
  async begin(kind: CallKind, name: string): Promise<OpenCall> {
    const { signal } = this.host
    if (signal.aborted) return stopped(signal)
    const holdMs = this.draining ? PROMPT_HOLD_MS : HOLD_MS
    const call = this.nextKey(kind, name)
    this.called.push(call)
    const known = this.known.get(keyOf(call))
    if (known === undefined) {
      await this.until(() => this.isReplayed, holdMs)
      return this.take(this.enter({ ...call, after: this.given }))
    }
    await this.until(() => this.given >= known.after, holdMs)
    if (known.outcome !== undefined) await this.give(known, known.outcome.order)
    else if (kind === 'call' && keyOf(known) === this.awaited) this.catchUp()
    return known
  }

  /**
   * Writes down what came of a call. When this resolves it is durable, and the handler's to have.
   *
   * @param durable it is kept elsewhere already
   */
  async settle(call: OpenCall, outcome: NewOutcome, { durable = false } = {}): Promise<void> {
    this.settled += 1
    const order = this.settled
    call.outcome = { order, ...outcome }
    this.grow(call)
    if (!durable) await this.write()
    await this.give(call, order)
  }

  /** Writes down what a call is going to be, so that it can be canceled whatever happens while it is handed over. */
  async opening(call: OpenCall, open: OpenAgentCall): Promise<void> {
    if (call.opening !== undefined) return
    call.opening = open
    this.grow(open)
    await this.write()
  }

  /** Writes down that another agent has taken the message of a call. */
  async opened(call: OpenCall, open: OpenAgentCall): Promise<void> {
    delete call.opening
    call.open = open
    this.grow(open)
    await this.write()
  }

  /** Whether the outcome of the call was given to the handler. */
  isGiven(call: CallKey): boolean {
    const order = this.known.get(keyOf(call))?.outcome?.order
    return order !== undefined && order <= this.given
  }

  /** The handler was given something that is no outcome: it runs as far as it gets. */
  stir(): void {
    this.drain()
  }

  /** Resolves when the handler has run as far as it gets and `ready` holds. */
  async idle(ready: () => boolean): Promise<void> {
    await this.until(() => ready() && !this.draining)
  }

  /** Something has changed that a waiting call may wait for. */
  changed(): void {
    for (const check of [...this.waiting]) check()
  }

  /**
   * The handler has ended.
   *
   * @throws ChangedOrderError it has left out calls that the journal holds
   */
  assertComplete(): void {
    if (!this.isReplayed) throw this.changedOrder()
  }

  /**
   * The handler has failed: what failed last is tried again by the next attempt. A failure after which another call came to
   * an end was dealt with by the handler, and stays.
   */
  forgetLastFailures(): void {
    const byOrder = this.entries.filter(({ outcome }) => outcome !== undefined).sort((a, b) => orderOf(b) - orderOf(a))
    for (const entry of byOrder) {
      if (entry.outcome?.error === undefined) break
      delete entry.outcome
      this.settled -= 1
    }
    const kept = this.entries.filter(({ outcome, after }) => outcome !== undefined || after <= this.settled)
    this.entries.splice(0, this.entries.length, ...kept)
  }

  private get isReplayed(): boolean {
    return this.given >= this.recorded && this.caughtUp
  }

  private grow(by: object): void {
    this.weight = plus(this.weight, weightOf(utf8Bytes(JSON.stringify(by))))
  }

  private nextKey(kind: CallKind, name: string): CallKey {
    const ordinal = (this.counts.get(`${kind} ${name}`) ?? 0) + 1
    this.counts.set(`${kind} ${name}`, ordinal)
    return { kind, name, ordinal }
  }

  /** What is known of the call from a handler that has ended. */
  private async take(call: OpenCall): Promise<OpenCall> {
    const { opening, open, outcome } = this.finished.get(keyOf(call)) ?? {}
    if (opening !== undefined) call.opening = opening
    if (open !== undefined) call.open = open
    if (outcome === undefined) return call
    const { order: _, ...known } = outcome
    await this.settle(call, known, { durable: true })
    return call
  }

  private enter(call: OpenCall): OpenCall {
    this.entries.push(call)
    this.known.set(keyOf(call), call)
    return call
  }

  private async give(call: OpenCall, order: number): Promise<void> {
    const holdMs = this.given < this.recorded ? HOLD_MS : undefined
    await this.until(() => this.given === order - 1 && !this.draining, holdMs)
    this.given = order
    if (keyOf(call) === this.awaited) this.caughtUp = true
    this.drain()
  }

  /** A handler that waits for other agents is back when it waits again: any of them may answer first. */
  private catchUp(): void {
    const back = this.until(() => this.given >= this.recorded && !this.draining)
    back.then(
      () => {
        this.caughtUp = true
        this.changed()
      },
      () => {},
    )
  }

  /** Lets the handler run before anything else is given to it. */
  private drain(): void {
    this.draining = true
    void this.host.drained().then(() => {
      this.draining = false
      this.changed()
    })
    this.changed()
  }

  /** Until it is written, however long that takes: nothing may be given to the handler before. */
  private async write(): Promise<void> {
    const { signal } = this.host
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
      try {
        await this.host.save()
        // Nothing was written when another attempt has the turn meanwhile.
        return signal.aborted ? await stopped(signal) : undefined
      } catch (error) {
        if (signal.aborted) return stopped(signal)
        this.host.log.warn({ err: error }, 'the journal could not be written, will be tried again')
        await sleep(pauseMs, signal)
      }
    }
  }

  /** @param holdMs the longest wait, when what is waited for may turn out never to come */
  private until(ready: () => boolean, holdMs?: number): Promise<void> {
    if (ready()) return Promise.resolve()
    return new Promise((resolve, reject) => {
      let off = () => {}
      const settle = (then: () => void) => {
        clearTimeout(timer)
        this.waiting.delete(check)
        off()
        then()
      }
      const check = () => {
        if (ready()) settle(resolve)
      }
      const timer =
        holdMs === undefined ? undefined : setTimeout(() => settle(() => reject(this.changedOrder())), holdMs)
      this.waiting.add(check)
      const { signal } = this.host
      off = onAbort(signal, () => settle(() => stopped(signal).catch(reject)))
    })
  }

  private changedOrder(): ChangedOrderError {
    const recorded = this.entries.filter((entry) => orderOf(entry) <= this.recorded || keyOf(entry) === this.awaited)
    return new ChangedOrderError(recorded, this.called)
  }
}

function keyOf(call: CallKey): string {
  return describeCall(call)
}

function orderOf({ outcome }: OpenCall): number {
  return outcome?.order ?? Number.POSITIVE_INFINITY
}
