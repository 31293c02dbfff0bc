/** State that is kept in this process and nowhere else. */
import type { Clock } from '../../internal/clock.js'
import { Lru } from '../../internal/lru.js'
import type { ChangeAnswer, StateHome } from '../../task/state-home.js'
import {
  changeState,
  NO_STATE,
  STATE_LIMITS,
  type StateChange,
  type StateRecord,
  type StateRef,
  type StateSnapshot,
  verdict,
} from '../../task/state-record.js'

/** Scopes that are kept; those that were not used for longest go first. */
const MAX_SCOPES = 10_000

interface Kept {
  readonly record: StateRecord
  readonly changedMs: number
}

export class MemoryState implements StateHome {
  private readonly clock: Clock
  private readonly kept = new Lru<string, Kept>(MAX_SCOPES)

  constructor(clock: Clock) {
    this.clock = clock
  }

  async read(ref: StateRef): Promise<StateSnapshot> {
    return this.peek(ref)
  }

  async change(ref: StateRef, change: StateChange): Promise<ChangeAnswer> {
    const record = this.record(ref)
    const now = this.clock.now()
    const answer = verdict(record, change, now)
    if (answer !== 'apply') return answer
    this.kept.set(keyOf(ref), { record: changeState(record, change, now), changedMs: now })
    return 'made'
  }

  peek(ref: StateRef): StateSnapshot {
    const { version, values } = this.record(ref)
    return { version, values }
  }

  private record(ref: StateRef): StateRecord {
    const kept = this.kept.get(keyOf(ref))
    const keptMs = STATE_LIMITS.keptMs[ref.scope]
    if (kept === undefined || (keptMs !== undefined && this.clock.now() - kept.changedMs >= keptMs)) return NO_STATE
    return kept.record
  }
}

function keyOf({ tenant, agentId, scope, owner, contextId }: StateRef): string {
  return JSON.stringify([tenant, agentId, scope, owner, contextId])
}
