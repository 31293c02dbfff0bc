/** The official SDK for JavaScript, with the same agent: JSON-RPC by Express, gRPC by grpc-js, tasks in memory. */
import type { AddressInfo } from 'node:net'
import { setImmediate as nextTick } from 'node:timers/promises'
import { Task, TaskArtifactUpdateEvent, TaskStatusUpdateEvent } from '@a2a-js/sdk'
import {
  AgentEvent,
  DefaultRequestHandler,
  type ExecutionEventBus,
  InMemoryTaskStore,
  type RequestContext,
} from '@a2a-js/sdk/server'
import { jsonRpcHandler, UserBuilder } from '@a2a-js/sdk/server/express'
import { A2AService, grpcService } from '@a2a-js/sdk/server/grpc'
import { Server, ServerCredentials } from '@grpc/grpc-js'
import express from 'express'
import { serveQuestions } from '../support/child.js'

const card = {
  name: 'echo',
  description: 'echo',
  version: '1.0.0',
  supportedInterfaces: [
    { url: 'http://127.0.0.1/', protocolBinding: 'JSONRPC', protocolVersion: '1.0', tenant: '' },
    { url: '127.0.0.1', protocolBinding: 'GRPC', protocolVersion: '1.0', tenant: '' },
  ],
  capabilities: { streaming: true, pushNotifications: false, extensions: [] },
  defaultInputModes: ['text/plain'],
  defaultOutputModes: ['text/plain'],
  skills: [],
  securitySchemes: {},
  securityRequirements: [],
  signatures: [],
  provider: undefined,
  documentationUrl: undefined,
  iconUrl: undefined,
}

const executor = {
  async execute(context: RequestContext, bus: ExecutionEventBus) {
    const text = String(context.userMessage.parts[0]?.content?.value)
    const [command, count] = text.split(' ')
    if (command === 'chunks') await tell(context, bus, Number(count))
    else bus.publish(AgentEvent.message(answer(`Echo: ${text}`)))
    bus.finished()
  },
  async cancelTask() {},
}

function answer(text: string): Parameters<typeof AgentEvent.message>[0] {
  return {
    messageId: crypto.randomUUID(),
    contextId: '',
    taskId: '',
    role: 2,
    parts: [{ content: { $case: 'text', value: text }, metadata: undefined, filename: '', mediaType: '' }],
    metadata: undefined,
    extensions: [],
    referenceTaskIds: [],
  }
}

/** One artifact in so many chunks, as its authors write it. */
async function tell({ taskId, contextId }: RequestContext, bus: ExecutionEventBus, count: number): Promise<void> {
  const status = (state: string) => ({ state: `TASK_STATE_${state}`, timestamp: new Date().toISOString() })
  bus.publish(AgentEvent.task(Task.fromJSON({ id: taskId, contextId, status: status('WORKING') })))
  for (let i = 0; i < count; i += 1) {
    const artifact = { artifactId: 'a', parts: [{ text: '123456789 ' }] }
    const update = TaskArtifactUpdateEvent.fromJSON({ taskId, contextId, artifact, append: i > 0 })
    bus.publish(AgentEvent.artifactUpdate(update))
    await nextTick()
  }
  const end = TaskStatusUpdateEvent.fromJSON({ taskId, contextId, status: status('COMPLETED') })
  bus.publish(AgentEvent.statusUpdate(end))
}

/** Counts the bytes that it is given to keep, once it is asked for: counting costs time and memory. */
class CountingStore extends InMemoryTaskStore {
  private bytes: number | undefined

  override async save(...args: Parameters<InMemoryTaskStore['save']>): Promise<void> {
    if (this.bytes !== undefined) this.bytes += JSON.stringify(Task.toJSON(args[0])).length
    await super.save(...args)
  }

  stored(): { bytes: number } {
    this.bytes ??= 0
    return { bytes: this.bytes }
  }
}

const store = new CountingStore()
const requestHandler = new DefaultRequestHandler(card as never, store, executor as never)
const userBuilder = UserBuilder.noAuthentication

const app = express()
app.use(jsonRpcHandler({ requestHandler, userBuilder }))
const http = app.listen(0, '127.0.0.1')
await new Promise((resolve) => http.once('listening', resolve))

const grpc = new Server()
grpc.addService(A2AService, grpcService({ requestHandler, userBuilder }) as never)
const grpcPort = await new Promise<number>((resolve, reject) => {
  grpc.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
    error ? reject(error) : resolve(port),
  )
})

const stop = () => {
  http.close()
  grpc.forceShutdown()
}
serveQuestions(stop, { stored: () => store.stored() })
process.send?.({ port: (http.address() as AddressInfo).port, grpcPort })
