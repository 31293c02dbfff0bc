/**
 * The state of the agent in one attempt at a turn: what was read of it, and how what the turn has made of it is kept.
 *
 * The handler's end is written down first, in the checkpoint. From there every attempt goes on: nobody runs the handler again.
 */
import { finishedCalls, MAX_CONFLICTS, StateConflictError } from '../../agent/state-conflict.js'
import type { TurnState } from '../../agent/turn-state.js'
import { StateAccess, type StateAccessHost } from '../../engine/state-access.js'
import type { JournalEntry } from '../../task/journal-entry.js'
import type { StateScope } from '../../task/state-record.js'
import type { TurnResult } from '../../task/task-record.js'
import type { Checkpoint } from '../../task/turn-outcome.js'

type StateCheckpoint = Pick<Checkpoint, 'conflicts' | 'contended' | 'finished' | 'reads' | 'result'>

export class StateCommit {
  /** The handler has ended, and what it has made of its state is being kept: nothing but that may happen any more. */
  ended: TurnResult | undefined
  /** An earlier attempt may have kept it. */
  readonly again: boolean
  /** Attempts before this one whose state another turn had changed. */
  conflicts: number
  private readonly host: Omit<StateAccessHost, 'contended'>
  private readonly access: StateAccess
  private contended: readonly StateScope[]
  private finished: Checkpoint['finished']
  private reads: Checkpoint['reads']
  private state: TurnState | undefined

  constructor(host: Omit<StateAccessHost, 'contended'>, last: Checkpoint | undefined) {
    this.host = host
    this.ended = restoredResult(last)
    this.again = this.ended !== undefined
    this.conflicts = last?.conflicts ?? 0
    this.finished = last?.finished
    this.reads = last?.reads
    this.contended = last?.contended ?? []
    this.access = new StateAccess({ ...host, contended: this.contended })
  }

  /** @param last the checkpoint before, with its large values */
  restore(last: Checkpoint | undefined): void {
    this.ended = restoredResult(last)
    this.finished = last?.finished
  }

  /** What the handler is run with. */
  get handlerHost() {
    return {
      finished: this.finished,
      readState: this.access.read,
      stateBefore: this.reads,
      onState: (state: TurnState) => {
        this.state = state
      },
    }
  }

  get checkpoint(): StateCheckpoint {
    const { conflicts, contended, finished, ended } = this
    const reads = this.state?.reads ?? this.reads
    return {
      ...(conflicts === 0 ? {} : { conflicts }),
      ...(contended.length === 0 ? {} : { contended }),
      ...(finished === undefined ? {} : { finished }),
      ...(reads === undefined ? {} : { reads }),
      ...(ended === undefined ? {} : { result: storedResult(ended) }),
    }
  }

  /**
   * Keeps what the turn has made of its state.
   *
   * @param calls the journal of the handler that has ended
   * @throws StateConflictError another turn was first; the handler has to run again, without its journal
   * @throws TurnStopped somebody else has the turn, or will have
   */
  async keep({ changes = [], ...result }: TurnResult, calls: readonly JournalEntry[] | undefined): Promise<TurnResult> {
    const outcome = await this.access.commit(changes, this.again)
    if (outcome === 'committed') return { ...result, committed: true }
    this.ended = undefined
    if (outcome === 'forgotten') throw new StateForgottenError()
    this.contended = changes.map(({ scope }) => scope)
    this.finished = finishedCalls(this.host.input, calls, this.finished)
    this.state = undefined
    this.reads = undefined
    throw new StateConflictError(this.host.input.agentId, this.conflicts + 1)
  }

  /** After a conflict: whether the handler runs again at once, whatever the agent's retry policy says. */
  mayRunAgain(): boolean {
    if (this.conflicts >= MAX_CONFLICTS) return false
    this.conflicts += 1
    this.host.log.debug({ conflicts: this.conflicts }, 'state has changed meanwhile, the turn runs again')
    return true
  }

  /** Whoever takes the turn over may still need what is held. */
  async release(): Promise<void> {
    if (!this.host.signal.aborted) await this.access.release()
  }
}

/** The turn may have counted already, so it does not count again. */
export class StateForgottenError extends Error {
  override readonly name = 'StateForgottenError'

  constructor() {
    super('nobody knows any more whether the state of the turn was kept')
  }
}

/** Artifacts and journal are in the checkpoint already. */
function storedResult({ suspended, ...result }: TurnResult): TurnResult {
  return { ...result, artifacts: [], ...(suspended === undefined ? {} : { suspended: { ...suspended, journal: [] } }) }
}

function restoredResult({ result, journal = [] }: Partial<Checkpoint> = {}): TurnResult | undefined {
  if (result?.suspended === undefined) return result
  return { ...result, suspended: { ...result.suspended, journal } }
}
