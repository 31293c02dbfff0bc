/** A server of the official SDK for JavaScript, with an agent that takes the commands of ours; see `agents.ts`. */
import type { AddressInfo } from 'node:net'
import {
  AgentCard,
  Message,
  Message as MessageCodec,
  Task,
  TaskArtifactUpdateEvent,
  TaskStatusUpdateEvent,
} from '@a2a-js/sdk'
import { legacyAgentCardRouter } from '@a2a-js/sdk/compat/v0_3/server/express'
import {
  AgentEvent,
  type AgentExecutor,
  DefaultRequestHandler,
  type ExecutionEventBus,
  InMemoryPushNotificationStore,
  InMemoryTaskStore,
  type RequestContext,
} from '@a2a-js/sdk/server'
import { agentCardHandler, jsonRpcHandler, restHandler, UserBuilder } from '@a2a-js/sdk/server/express'
import { A2AService, grpcService } from '@a2a-js/sdk/server/grpc'
import type { JsonObject } from '@bufbuild/protobuf'
import { Server, ServerCredentials } from '@grpc/grpc-js'
import express from 'express'

export interface A2aJsServer {
  readonly url: string
  readonly port: number
  stop(): Promise<void>
}

const gates = new Map<string, () => void>()
const opened = new Set<string>()

export function openA2aJsGate(name: string): void {
  opened.add(name)
  gates.get(name)?.()
}

/** Publishes what the SDK wants an author to write: the Task, then its updates, with all ids. */
class Turn {
  private readonly bus: ExecutionEventBus
  private readonly ids: { taskId: string; contextId: string }
  private chunks = 0

  constructor({ taskId, contextId, task, userMessage }: RequestContext, bus: ExecutionEventBus) {
    this.bus = bus
    this.ids = { taskId, contextId }
    const history = [MessageCodec.toJSON(userMessage) as JsonObject]
    bus.publish(AgentEvent.task(task ?? Task.fromJSON({ id: taskId, contextId, status: at('SUBMITTED'), history })))
  }

  status(state: string, text?: string): void {
    const message = text === undefined ? {} : { message: agentMessage(text, this.ids) }
    const status = { ...at(state), ...message }
    this.bus.publish(AgentEvent.statusUpdate(TaskStatusUpdateEvent.fromJSON({ ...this.ids, status })))
  }

  chunk(...parts: JsonObject[]): void {
    const update = { ...this.ids, artifact: { artifactId: `a-${this.ids.taskId}`, parts }, append: this.chunks > 0 }
    this.chunks += 1
    this.bus.publish(AgentEvent.artifactUpdate(TaskArtifactUpdateEvent.fromJSON(update)))
  }
}

function at(state: string): JsonObject {
  return { state: `TASK_STATE_${state}`, timestamp: new Date().toISOString() }
}

function agentMessage(text: string, ids: { contextId: string; taskId?: string }): JsonObject {
  return { messageId: crypto.randomUUID(), role: 'ROLE_AGENT', parts: [{ text }], ...ids }
}

class Executor implements AgentExecutor {
  private readonly canceled = new Map<string, () => void>()

  async execute(context: RequestContext, bus: ExecutionEventBus): Promise<void> {
    const message = MessageCodec.toJSON(context.userMessage) as JsonObject & { parts: JsonObject[] }
    const [command = '', ...words] = String(message.parts[0]?.text).split(' ')
    const rest = words.join(' ')
    if (command === 'answer') {
      const answer = Message.fromJSON(agentMessage(`Answer: ${rest}`, { contextId: context.contextId }))
      bus.publish(AgentEvent.message(answer))
      return bus.finished()
    }
    const turn = new Turn(context, bus)
    turn.status('WORKING')
    if (context.task !== undefined) turn.chunk({ text: `answered: ${String(message.parts[0]?.text)}` })
    else if (await this.run(turn, context.taskId, command, words, message)) return bus.finished()
    turn.status('COMPLETED')
    bus.finished()
  }

  async cancelTask(taskId: string, bus: ExecutionEventBus): Promise<void> {
    const stop = this.canceled.get(taskId)
    if (stop !== undefined) return stop()
    const event = { taskId, contextId: '', status: at('CANCELED') }
    bus.publish(AgentEvent.statusUpdate(TaskStatusUpdateEvent.fromJSON(event)))
    bus.finished()
  }

  /** True when the turn has been ended. */
  private async run(turn: Turn, taskId: string, command: string, words: string[], message: JsonObject) {
    const rest = words.join(' ')
    switch (command) {
      case 'echo':
        turn.chunk({ text: `Echo: ${rest}` })
        return false
      case 'chunks':
        for (const word of words) turn.chunk({ text: word })
        return false
      case 'count':
        for (let i = 0; i < Number(rest); i += 1) {
          turn.chunk({ text: `${i} ` })
          if (i % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
        }
        return false
      case 'mirror':
        turn.chunk({ data: { message } })
        return false
      case 'ask':
        turn.status('INPUT_REQUIRED', rest)
        return true
      case 'fail':
        turn.status('FAILED', rest)
        return true
      case 'wait': {
        turn.chunk({ text: 'waiting' })
        const how = await new Promise<'opened' | 'canceled'>((resolve) => {
          this.canceled.set(taskId, () => resolve('canceled'))
          gates.set(rest, () => resolve('opened'))
          if (opened.has(rest)) resolve('opened')
        })
        if (how === 'opened') turn.chunk({ text: ' no more' })
        else turn.status('CANCELED')
        return how === 'canceled'
      }
      default:
        return false
    }
  }
}

export async function startA2aJsServer(version: '1.0' | '0.3', address?: () => string): Promise<A2aJsServer> {
  const app = express()
  const http = app.listen(0, '127.0.0.1')
  await new Promise((resolve) => http.once('listening', resolve))
  const { port } = http.address() as AddressInfo
  const grpc = new Server()
  const grpcPort = await new Promise<number>((resolve, reject) => {
    grpc.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    )
  })
  const url = `http://127.0.0.1:${port}`
  const base = address?.() ?? url
  const card = AgentCard.fromJSON({
    name: 'a2a-js',
    description: 'an agent of the SDK',
    version: '1.0.0',
    supportedInterfaces: [
      { url: `${base}/jsonrpc`, protocolBinding: 'JSONRPC', protocolVersion: version },
      ...(version === '0.3'
        ? []
        : [
            { url: `${base}/rest`, protocolBinding: 'HTTP+JSON', protocolVersion: version },
            { url: `127.0.0.1:${grpcPort}`, protocolBinding: 'GRPC', protocolVersion: version },
          ]),
    ],
    capabilities: { streaming: true, pushNotifications: true },
    defaultInputModes: ['text/plain'],
    defaultOutputModes: ['text/plain'],
    skills: [],
  })
  const requestHandler = new DefaultRequestHandler(
    card,
    new InMemoryTaskStore(),
    new Executor(),
    undefined,
    new InMemoryPushNotificationStore(),
  )
  const userBuilder = UserBuilder.noAuthentication
  const legacyCompat = { enabled: true }
  if (version === '0.3') {
    // A server of that time does not know the header; this one would leave the request to a server of 1.0.
    app.use((req, _, next) => {
      delete req.headers['a2a-version']
      next()
    })
    app.use('/.well-known/agent-card.json', legacyAgentCardRouter({ agentCardProvider: requestHandler }))
  } else {
    app.use('/.well-known/agent-card.json', agentCardHandler({ agentCardProvider: requestHandler }))
  }
  app.use('/jsonrpc', jsonRpcHandler({ requestHandler, userBuilder, legacyCompat }))
  app.use('/rest', restHandler({ requestHandler, userBuilder, legacyCompat }))
  grpc.addService(A2AService, grpcService({ requestHandler, userBuilder }) as never)
  return {
    url,
    port,
    async stop() {
      grpc.forceShutdown()
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    },
  }
}
