/** The official SDK for JavaScript, with the same agent: JSON-RPC by Express, gRPC by grpc-js, tasks in memory. */
import type { AddressInfo } from 'node:net'
import { AgentEvent, DefaultRequestHandler, InMemoryTaskStore } from '@a2a-js/sdk/server'
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
  async execute(context: { userMessage: { parts: { content?: { value?: unknown } }[] } }, bus: ExecutionBus) {
    const text = String(context.userMessage.parts[0]?.content?.value)
    bus.publish(
      AgentEvent.message({
        messageId: crypto.randomUUID(),
        contextId: '',
        taskId: '',
        role: 2,
        parts: [
          { content: { $case: 'text', value: `Echo: ${text}` }, metadata: undefined, filename: '', mediaType: '' },
        ],
        metadata: undefined,
        extensions: [],
        referenceTaskIds: [],
      }),
    )
    bus.finished()
  },
  async cancelTask() {},
}

interface ExecutionBus {
  publish(event: ReturnType<typeof AgentEvent.message>): void
  finished(): void
}

const requestHandler = new DefaultRequestHandler(card as never, new InMemoryTaskStore(), executor as never)
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

serveQuestions(() => {
  http.close()
  grpc.forceShutdown()
})
process.send?.({ port: (http.address() as AddressInfo).port, grpcPort })
