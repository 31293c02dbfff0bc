/**
 * The one writer of a turn's heartbeat details. They are one value and the last write wins, so picture, counters and
 * journal are written together, and nothing else may heartbeat.
 *
 * Written by an explicit RPC and not by the SDK's own heartbeat, which is throttled and not awaited: when a write resolves,
 * it is durable.
 */

import { isGrpcServiceError } from '@temporalio/client'
import type { temporal } from '@temporalio/proto'
import { failPoint } from '#failpoints'
import type { Checkpoint } from '../../task/turn-outcome.js'
import { toPayloads } from '../payloads.js'

export interface HeartbeatService {
  recordActivityTaskHeartbeat(
    request: temporal.api.workflowservice.v1.IRecordActivityTaskHeartbeatRequest,
  ): Promise<temporal.api.workflowservice.v1.IRecordActivityTaskHeartbeatResponse>
}

export interface CheckpointWriterOptions {
  readonly service: HeartbeatService
  readonly namespace: string
  readonly taskToken: Uint8Array
  readonly identity: string
  /** Key of the task, see `taskKey`. */
  readonly key: string
  /** Milliseconds between two writes. */
  readonly intervalMs: number
  /** What the last attempt has written. */
  readonly before: Checkpoint | undefined
  /** May fail: then what was written last is written again, so that the turn is kept, and the write counts as failed. */
  content(): Checkpoint | Promise<Checkpoint>
  /** A cancel was requested. */
  onCancel(): void
  /** This is durable now. The next write, and whoever waits for this one, waits for what it gives. */
  onWritten(checkpoint: Checkpoint): Promise<void>
  /** Nothing is written any more. */
  onStop(): void
  /** The attempt is not the current one any more: somebody else has the turn. */
  onSuperseded(): void
  /** A write begins; what it gives is called when the write was accepted. */
  onSending(): (() => void) | undefined
  /** A write failed; the next one comes at its time. */
  onFailure(error: unknown): void
}

const NOT_FOUND = 5

export class CheckpointWriter {
  private readonly options: CheckpointWriterOptions
  private timer: ReturnType<typeof setTimeout> | undefined
  private last: Promise<void> = Promise.resolve()
  /** A write that has not begun: it will say all that there is to say by then. */
  private next: Promise<void> | undefined
  private stopped = false
  private written: Checkpoint | undefined

  constructor(options: CheckpointWriterOptions) {
    this.options = options
    this.written = options.before
    this.schedule()
  }

  /**
   * Resolves when what there is to say now is durable. Writes follow each other, none overtakes another.
   *
   * @throws when it could not be written
   */
  save(): Promise<void> {
    if (this.next !== undefined) return this.next
    const write = this.last.then(() => {
      this.next = undefined
      return this.write()
    })
    this.next = write
    this.last = write.catch(() => {})
    return write
  }

  stop(): void {
    this.stopped = true
    clearTimeout(this.timer)
    this.options.onStop()
  }

  private schedule(): void {
    if (this.stopped) return
    this.timer = setTimeout(() => {
      this.save()
        .catch((error: unknown) => this.options.onFailure(error))
        .finally(() => this.schedule())
    }, this.options.intervalMs)
  }

  private async write(): Promise<void> {
    if (this.stopped) return
    const { service, namespace, taskToken, identity, key } = this.options
    failPoint?.('checkpoint.before', key)
    const accepted = this.options.onSending()
    const content = await this.content()
    const { checkpoint } = content
    if (this.stopped) return
    try {
      const details = checkpoint === undefined ? null : toPayloads(checkpoint)
      const answer = await service.recordActivityTaskHeartbeat({ namespace, taskToken, identity, details })
      accepted?.()
      this.written = checkpoint
      failPoint?.('checkpoint.written', key)
      if (answer.cancelRequested) this.options.onCancel()
      if (checkpoint !== undefined) await this.options.onWritten(checkpoint)
    } catch (error) {
      if (!isGrpcServiceError(error) || error.code !== NOT_FOUND) throw error
      this.options.onSuperseded()
    }
    if ('error' in content) throw content.error
  }

  private async content(): Promise<{ checkpoint: Checkpoint | undefined; error?: unknown }> {
    try {
      return { checkpoint: await this.options.content() }
    } catch (error) {
      return { checkpoint: this.written, error }
    }
  }
}
