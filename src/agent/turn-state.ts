/**
 * `ctx.state` of one attempt at a turn. A scope is read at its first use; what is made of it is kept in memory until the turn
 * ends, and goes with its result.
 *
 * A handler that runs again after a wait comes by what it has done before. There it reads what it has read then, and what
 * it writes is not written again: that was kept when it began to wait. After the wait it reads anew.
 */
import type { CallKey } from '../task/journal-entry.js'
import type { StateReads } from '../task/state-home.js'
import {
  deltaBetween,
  type ScopeChange,
  STATE_SCOPES,
  type StateRef,
  type StateScope,
  type StateSnapshot,
  stateRef,
} from '../task/state-record.js'
import type { StateStage } from '../task/suspension.js'
import type { TurnInput } from '../task/turn-input.js'
import type { AgentDefinition } from './agent-definition.js'
import type { AgentState } from './agent-state.js'
import { illegal } from './handler-results.js'
import { stopped } from './journal.js'
import { AWAIT_IT } from './open-calls.js'
import { ScopeState, type StateCopy } from './scope-state.js'
import { currentStep } from './step-scope.js'

export interface TurnStateHost {
  readonly agent: AgentDefinition
  readonly input: TurnInput
  /** Undefined where no state is kept. */
  readonly read: ((ref: StateRef) => Promise<StateSnapshot>) | undefined
  readonly signal: AbortSignal
  /** What earlier attempts at this turn have read. */
  readonly before: StateReads | undefined
  /** The turn has ended, whatever the handler has left running. */
  isOver(): boolean
  /** Whether the call has given its outcome to the handler. */
  isGiven(call: CallKey): boolean
  /** While this runs, the handler is not left; after it, the handler runs as far as it gets. */
  busy<Value>(work: () => Promise<Value>): Promise<Value>
}

export class TurnState {
  readonly api: AgentState
  private readonly host: TurnStateHost
  /** What the handler has done before the waits that are behind it. */
  private readonly past: readonly StateStage[]
  private readonly copies = new Map<string, Promise<StateCopy>>()
  private readonly live = new Map<StateScope, StateCopy>()
  private readonly last = new Map<StateScope, Promise<unknown>>()

  constructor(host: TurnStateHost) {
    this.host = host
    this.past = host.input.resumed?.suspension.state ?? []
    const scopes = { context: this.scope('context'), caller: this.scope('caller'), agent: this.scope('agent') }
    this.api = Object.assign(scopes.context, { caller: scopes.caller, agent: scopes.agent })
  }

  /** What this turn has read, for the attempts after this one; undefined when nothing. */
  get reads(): StateReads | undefined {
    const read = [...this.live].map(([scope, copy]) => [scope, copy.read] as const)
    return read.length === 0 ? this.host.before : { ...this.host.before, ...Object.fromEntries(read) }
  }

  /** What the turn has made of it; undefined when it is as it was. */
  get changes(): readonly ScopeChange[] | undefined {
    const changes = STATE_SCOPES.flatMap((scope) => {
      const copy = this.live.get(scope)
      const delta = copy === undefined ? undefined : deltaBetween(copy.read.values, copy.values)
      return copy === undefined || delta === undefined ? [] : [{ scope, version: copy.read.version, delta }]
    })
    return changes.length === 0 ? undefined : changes
  }

  /** What has to be kept while the handler waits in a call; undefined when it has not used its state. */
  stagesUntil({ kind, name, ordinal }: CallKey): readonly StateStage[] | undefined {
    const { reads } = this
    if (reads !== undefined) return [...this.past, { until: { kind, name, ordinal }, reads }]
    return this.past.length === 0 ? undefined : this.past
  }

  private scope(scope: StateScope): ScopeState {
    const { agent } = this.host
    const schema = agent.state[scope]
    const shown = scope === 'context' ? 'ctx.state' : `ctx.state.${scope}`
    return new ScopeState({
      agentId: agent.id,
      scope,
      schema,
      call: (name, work) => handled(this.inOrder(scope, `${shown}.${name}`, work)),
    })
  }

  private inOrder<Value>(scope: StateScope, what: string, work: (copy: StateCopy) => Promise<Value>): Promise<Value> {
    const problem = this.problem(what)
    if (problem !== undefined) return Promise.reject(problem)
    const { signal } = this.host
    if (signal.aborted) return stopped(signal)
    const call = this.host.busy(async () => {
      await this.last.get(scope)
      return work(await this.copy(scope))
    })
    this.last.set(
      scope,
      call.catch(() => {}),
    )
    return call.then((value) => (signal.aborted ? stopped(signal) : value))
  }

  private problem(what: string): Error | undefined {
    const { agent, read } = this.host
    if (read === undefined) return illegal(agent.id, `called ${what}, but no state is kept here`)
    if (this.host.isOver()) return illegal(agent.id, `called ${what} after its turn had ended; ${AWAIT_IT}`)
    const step = currentStep()
    if (step === undefined) return undefined
    return illegal(
      agent.id,
      `called ${what} inside step ${JSON.stringify(step)}, which does not run again when the state is read anew; call it before or after the step`,
    )
  }

  /** Of the stage in which the handler is. */
  private copy(scope: StateScope): Promise<StateCopy> {
    const passed = this.past.findIndex(({ until }) => !this.host.isGiven(until))
    const recorded = passed < 0 ? undefined : this.past[passed]?.reads[scope]
    const key = recorded === undefined ? scope : `${scope}/${passed}`
    let copy = this.copies.get(key)
    if (copy === undefined) {
      copy = recorded === undefined ? this.readNow(scope) : Promise.resolve({ read: recorded, values: recorded.values })
      this.copies.set(key, copy)
      copy.catch(() => this.copies.delete(key))
    }
    return copy
  }

  private async readNow(scope: StateScope): Promise<StateCopy> {
    const { input, before, read } = this.host
    const { tenant, agentId, owner, task } = input
    const ref = stateRef(scope, { tenant, agentId, owner, contextId: task.contextId ?? '' })
    const found = before?.[scope] ?? (await read?.(ref)) ?? { version: 0, values: {} }
    const copy = { read: found, values: found.values }
    this.live.set(scope, copy)
    return copy
  }
}

/** The same promise; one that fails unseen does no harm to the process. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}
