/**
 * What the bus says of a cancel is a hint: anybody who can publish there may say it. So Temporal is asked, which has written
 * every cancel down that was accepted. One question at a time, however many hints come.
 */
import type { temporal } from '@temporalio/proto'
import { sleep } from '../../internal/abort.js'

export interface DescribeService {
  describeWorkflowExecution(
    request: temporal.api.workflowservice.v1.IDescribeWorkflowExecutionRequest,
  ): Promise<temporal.api.workflowservice.v1.IDescribeWorkflowExecutionResponse>
}

/** The run whose turn it is. */
export interface TurnExecution {
  readonly service: DescribeService
  readonly namespace: string
  readonly execution: { readonly workflowId: string; readonly runId: string }
}

export interface CancelCheckOptions extends TurnExecution {
  /** No more questions after it aborts. */
  readonly signal: AbortSignal
  /** Temporal has it: a cancel was requested. */
  onConfirmed(): void
  /** Temporal could not be asked; the next heartbeat brings the same. */
  onFailure(error: unknown): void
}

/** Whether Temporal has it that a cancel was requested. */
export async function isCancelRequested({ service, namespace, execution }: TurnExecution): Promise<boolean> {
  const { workflowExtendedInfo } = await service.describeWorkflowExecution({ namespace, execution })
  return workflowExtendedInfo?.cancelRequested === true
}

/** Pause after a hint that was not true, in milliseconds. */
const PAUSE_MS = 100

export class CancelCheck {
  private readonly options: CancelCheckOptions
  private asking = false
  /** A hint came while Temporal was being asked: the answer may be older than the hint. */
  private again = false

  constructor(options: CancelCheckOptions) {
    this.options = options
  }

  hint(): void {
    this.again = true
    if (!this.asking) void this.ask()
  }

  private async ask(): Promise<void> {
    const { signal, onConfirmed, onFailure } = this.options
    this.asking = true
    while (this.again && !signal.aborted) {
      this.again = false
      try {
        if (await isCancelRequested(this.options)) return onConfirmed()
      } catch (error) {
        onFailure(error)
      }
      await sleep(PAUSE_MS, signal)
    }
    this.asking = false
  }
}
