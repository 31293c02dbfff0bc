/** The large values of one attempt at a turn: put back before the handler sees them, taken out before Temporal does. */
import { isA2AError } from '../../a2a/errors.js'
import { sleep, withDeadline } from '../../internal/abort.js'
import type { Logger } from '../../internal/logger.js'
import { mapCheckpoint, mapResult, mapTurnInput } from '../../task/large-records.js'
import { contentLength, KnownValues, LARGE_VALUES, type LargeValueStore } from '../../task/large-values.js'
import type { TurnResult } from '../../task/task-record.js'
import type { TurnInput } from '../../task/turn-input.js'
import type { Checkpoint } from '../../task/turn-outcome.js'

export interface TurnValuesOptions {
  readonly store: LargeValueStore
  /** Key of the task. */
  readonly key: string
  /** Aborts when the turn has to end. */
  readonly signal: AbortSignal
  /** How long it may go on after that, in milliseconds. */
  readonly graceMs: number
  readonly log: Logger
}

/** Pause between two tries to read or write while the store is away. */
const RETRY_MS = 500

export class TurnValues {
  private readonly options: TurnValuesOptions
  private readonly known = new KnownValues()

  constructor(options: TurnValuesOptions) {
    this.options = options
  }

  /**
   * What the handler is given, whole. While the store is away the turn waits for it.
   *
   * @throws whatever the turn has to end for, when that comes first
   * @throws A2AError INTERNAL the store has lost something
   */
  async fetch(input: TurnInput, last: Checkpoint | undefined) {
    const { store, signal } = this.options
    const whole = await this.patiently(async () => ({
      input: await store.putBack(input, mapTurnInput, 'refused'),
      last: last === undefined ? undefined : await store.putBack(last, mapCheckpoint, 'refused'),
    }))
    if (whole === undefined) throw signal.reason
    return whole
  }

  /**
   * A result is never lost because the store is away: the turn goes on until it can be written.
   *
   * @throws A2AError UNAVAILABLE it could not before the turn had to end
   */
  async takeOut(result: TurnResult): Promise<TurnResult> {
    const { store, key, graceMs } = this.options
    const write = () => store.takeOut(key, result, mapResult, this.known)
    return (await this.patiently(write)) ?? withDeadline(write(), graceMs, 'writing large values')
  }

  /** A small checkpoint is written as it is: what changes with every one would leave a large value behind each time. */
  content(checkpoint: Checkpoint): Checkpoint | Promise<Checkpoint> {
    const { store, key } = this.options
    if (contentLength(checkpoint, mapCheckpoint) <= LARGE_VALUES.inCheckpoint) return checkpoint
    return store.takeOut(key, checkpoint, mapCheckpoint, this.known)
  }

  /** Tries until it has worked; undefined when the turn has to end first. */
  private async patiently<T>(work: () => Promise<T>): Promise<T | undefined> {
    const { signal, log } = this.options
    for (;;) {
      try {
        return await work()
      } catch (error) {
        if (!isA2AError(error) || error.reason !== 'UNAVAILABLE') throw error
        if (signal.aborted) return undefined
        log.warn({ err: error }, 'large values are out of reach, will be tried again')
      }
      await sleep(RETRY_MS, signal)
      if (signal.aborted) return undefined
    }
  }
}
