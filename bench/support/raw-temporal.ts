/** Raw Temporal: client and worker in this process, as ours are. */
import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { Client } from '@temporalio/client'
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Worker } from '@temporalio/worker'

export interface RawTemporal {
  /** A task with an activity, until its result is known to be durable. */
  durable(): Promise<void>
  /** A task with a local activity, until the workflow's result. */
  inline(): Promise<void>
  /** The start alone. */
  start(): Promise<void>
  stop(): Promise<void>
}

const TASK_QUEUE = 'bench-raw'

export async function startRawTemporal(address: string): Promise<RawTemporal> {
  const connection = await NativeConnection.connect({ address })
  const client = new Client({ connection })
  const waiting = new Map<string, () => void>()
  const worker = await Worker.create({
    connection,
    taskQueue: TASK_QUEUE,
    workflowBundle: await bundleWorkflowCode({
      workflowsPath: fileURLToPath(new URL('raw-workflows.js', import.meta.url)),
      logger: new DefaultLogger('ERROR'),
    }),
    activities: { turn: async ({ text }: { text: string }) => ({ text: `Echo: ${text}` }) },
    sinks: {
      raw: {
        done: {
          callDuringReplay: false,
          fn: ({ workflowId }) => {
            waiting.get(workflowId)?.()
            waiting.delete(workflowId)
          },
        },
      },
    },
    maxConcurrentActivityTaskExecutions: 2_000,
    maxConcurrentLocalActivityExecutions: 2_000,
    maxConcurrentWorkflowTaskExecutions: 100,
  })
  const running = worker.run()
  const options = () => ({
    workflowId: randomUUID(),
    taskQueue: TASK_QUEUE,
    args: [{ text: 'hi' }],
    requestEagerStart: true,
  })
  return {
    async durable() {
      const start = options()
      const done = new Promise<void>((resolve) => {
        waiting.set(start.workflowId, resolve)
      })
      await client.workflow.start('rawDurable', start)
      await done
    },
    async inline() {
      await (await client.workflow.start('rawInline', options())).result()
    },
    async start() {
      await client.workflow.start('rawDurable', options())
    },
    async stop() {
      worker.shutdown()
      await running
      await connection.close()
    },
  }
}
