/**
 * The way of one attempt at a turn to the state of its agent: reads it, and keeps what the turn has made of it.
 *
 * One scope is changed in one go. Several are held first, so that none of them can be in conflict once the first is changed.
 * A turn that comes again because of a conflict holds what it had changed, so that it is not overtaken a second time.
 */
import { isA2AError } from '../a2a/errors.js'
import { sleep } from '../internal/abort.js'
import type { Logger } from '../internal/logger.js'
import type { ChangeAnswer, StateHome } from '../task/state-home.js'
import {
  type ScopeChange,
  STATE_LIMITS,
  STATE_SCOPES,
  type StateChange,
  type StateRef,
  type StateScope,
  type StateSnapshot,
  stateRef,
  turnKey,
} from '../task/state-record.js'
import type { TurnInput } from '../task/turn-input.js'
import type { HoldQueue } from './hold-queue.js'

export interface StateAccessHost {
  readonly home: StateHome
  readonly input: TurnInput
  readonly log: Logger
  /** Aborts when somebody else has the turn, or will have: then it is left as it is. */
  readonly signal: AbortSignal
  /** What the attempt before this one has changed, when it was in conflict. */
  readonly contended: readonly StateScope[]
  /** Of this process. */
  readonly queue: HoldQueue
}

/** `forgotten`: it may have been kept before, so long ago that nobody knows. */
export type CommitOutcome = 'committed' | 'conflict' | 'forgotten'

/** Pauses between two tries, in milliseconds. */
const FIRST_PAUSE_MS = 10
const MAX_PAUSE_MS = 250
/** The same while the state's home is not available. */
const UNAVAILABLE_PAUSE_MS = 1_000

export class StateAccess {
  private readonly host: StateAccessHost
  private readonly turn: string
  private readonly held = new Map<StateScope, StateRef>()
  private readonly leave = new Map<StateScope, () => void>()
  private holding: Promise<void> | undefined

  constructor(host: StateAccessHost) {
    this.host = host
    this.turn = turnKey(host.input)
  }

  /** @throws TurnStopped the attempt has to stop */
  read = async (ref: StateRef): Promise<StateSnapshot> => {
    this.holding ??= this.holdContended()
    await this.holding
    return this.persistently(() => this.host.home.read(ref))
  }

  /**
   * Keeps what the turn has made of its state: all of it, or nothing.
   *
   * @param again an attempt before this one may have kept it
   * @throws TurnStopped the attempt has to stop; it may have been kept
   */
  async commit(changes: readonly ScopeChange[], again: boolean): Promise<CommitOutcome> {
    const outcome = changes.length === 1 ? await this.commitAlone(changes) : await this.commitTogether(changes)
    if (outcome === 'forgotten') return again ? outcome : 'conflict'
    return outcome
  }

  /** Lets others at what was held and is not needed any more. When that does not succeed, they wait a little longer. */
  async release(): Promise<void> {
    for (const ref of this.held.values()) {
      await this.host.home.change(ref, { type: 'release', turn: this.turn }).catch((error: unknown) => {
        this.host.log.debug({ err: error }, 'state could not be released')
      })
    }
    this.held.clear()
    for (const leave of this.leave.values()) leave()
    this.leave.clear()
  }

  /** In one order, so that no two turns wait for each other. */
  private async holdContended(): Promise<void> {
    const { contended, queue, signal } = this.host
    for (const scope of STATE_SCOPES) {
      if (!contended.includes(scope)) continue
      const ref = this.ref(scope)
      this.leave.set(scope, await queue.enter(JSON.stringify(ref), signal))
      await this.change(ref, { type: 'hold', turn: this.turn })
    }
  }

  private async commitAlone(changes: readonly ScopeChange[]): Promise<CommitOutcome> {
    for (const { scope, version, delta } of changes) {
      const outcome = outcomeOf(await this.change(this.ref(scope), { type: 'commit', turn: this.turn, version, delta }))
      if (outcome !== 'committed') return outcome
    }
    return 'committed'
  }

  private async commitTogether(changes: readonly ScopeChange[]): Promise<CommitOutcome> {
    let begun = false
    for (const { scope, version } of changes) {
      const answer = await this.change(this.ref(scope), { type: 'hold', turn: this.turn, version })
      const outcome = outcomeOf(answer)
      if (outcome !== 'committed' && !begun) return outcome
      // An attempt before this one was lost in the middle.
      begun ||= answer === 'done'
    }
    for (const { scope, version, delta } of changes) {
      const ref = this.ref(scope)
      const outcome = outcomeOf(await this.change(ref, { type: 'commit', turn: this.turn, version, delta }))
      if (outcome === 'committed') begun = true
      else if (begun) await this.complete(ref, delta)
      else return outcome
    }
    return 'committed'
  }

  /** What has begun is completed, whatever has come between: only after a pause longer than anything may be held. */
  private async complete(ref: StateRef, delta: ScopeChange['delta']): Promise<void> {
    this.host.log.error({ scope: ref.scope }, 'state was changed in the middle of a commit; the later change wins')
    const change: StateChange = { type: 'commit', turn: this.turn, delta }
    let answer = await this.change(ref, change)
    // Others hold it by turns, each for a while: one of them is this one's in the end.
    while (answer === 'busy') answer = await this.change(ref, change)
    outcomeOf(answer)
  }

  private letGo(scope: StateScope): void {
    this.held.delete(scope)
    this.leave.get(scope)?.()
    this.leave.delete(scope)
  }

  private ref(scope: StateScope): StateRef {
    const { tenant, agentId, owner, task } = this.host.input
    return stateRef(scope, { tenant, agentId, owner, contextId: task.contextId ?? '' })
  }

  /** Waits while another turn holds the state, but not for ever. */
  private async change(ref: StateRef, change: StateChange): Promise<ChangeAnswer> {
    const until = performance.now() + 2 * STATE_LIMITS.holdMs
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
      const answer = await this.persistently(() => this.host.home.change(ref, change))
      if (answer !== 'busy' || performance.now() > until) {
        if (change.type === 'hold' && answer === 'made') this.held.set(ref.scope, ref)
        if (change.type === 'commit' && answer === 'made') this.letGo(ref.scope)
        return answer
      }
      await sleep(pauseMs * (0.5 + Math.random() / 2), this.host.signal)
      this.host.signal.throwIfAborted()
    }
  }

  private async persistently<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work()
      } catch (error) {
        this.host.signal.throwIfAborted()
        if (!isA2AError(error) || error.reason !== 'UNAVAILABLE') throw error
        this.host.log.warn({ err: error }, 'state cannot be reached, will be tried again')
      }
      await sleep(UNAVAILABLE_PAUSE_MS, this.host.signal)
      this.host.signal.throwIfAborted()
    }
  }
}

function outcomeOf(answer: ChangeAnswer): CommitOutcome {
  if (answer === 'made' || answer === 'done') return 'committed'
  if (answer === 'refused') throw new Error('the state was refused where it is kept')
  return answer === 'forgotten' ? 'forgotten' : 'conflict'
}
