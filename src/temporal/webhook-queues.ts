/** The queues of webhooks on Temporal: a workflow for each that has something to deliver. */
import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import type { DueDelivery } from '../push/due-delivery.js'
import type { DeliveryQueue } from '../push/record-deliveries.js'
import { callTemporal, type Reachability } from './deadline.js'
import { DUE_SIGNAL, PUSH_WORKFLOW_TYPE, WAKE_SIGNAL } from './names.js'
import type { PushWorkflowInput } from './workflow/push-input.js'

export interface WebhookQueuesOptions {
  readonly client: Client
  readonly reachability: Reachability
  readonly taskQueue: string
}

export class WebhookQueues implements DeliveryQueue {
  private readonly options: WebhookQueuesOptions

  constructor(options: WebhookQueuesOptions) {
    this.options = options
  }

  async add(key: string, configId: string, due: DueDelivery): Promise<void> {
    const { client, reachability, taskQueue } = this.options
    const input: PushWorkflowInput = { key, configId }
    await callTemporal(reachability, 'telling a webhook', true, () =>
      client.workflow.signalWithStart(PUSH_WORKFLOW_TYPE, {
        workflowId: queueId(key, configId),
        taskQueue,
        args: [input],
        signal: DUE_SIGNAL,
        signalArgs: [due],
      }),
    )
  }

  async wake(key: string, configId: string): Promise<void> {
    const { client, reachability } = this.options
    try {
      await callTemporal(reachability, 'telling a webhook', true, () =>
        client.workflow.getHandle(queueId(key, configId)).signal(WAKE_SIGNAL),
      )
    } catch (error) {
      // Nothing waits.
      if (!(error instanceof WorkflowNotFoundError)) throw error
    }
  }
}

/** `a2a/<tenant>/<agent>/<taskId>` of the task becomes `a2a-push/<tenant>/<agent>/<taskId>/<configId>`. */
function queueId(key: string, configId: string): string {
  return `a2a-push/${key.replace(/^a2a\//, '')}/${configId}`
}
