/** Executors as a user of `@a2a-js/sdk` writes them: they know nothing of us. */
import { setTimeout as delay } from 'node:timers/promises'
import { type Artifact, type Message, type Part, Role, type Task, TaskState } from '@a2a-js/sdk'
import { AgentEvent, type AgentExecutor, type ExecutionEventBus, type RequestContext } from '@a2a-js/sdk/server'

function textPart(value: string): Part {
  return { content: { $case: 'text', value }, metadata: undefined, filename: '', mediaType: 'text/plain' }
}

function textOf(message: Message | undefined): string {
  return (message?.parts ?? []).map(({ content }) => (content?.$case === 'text' ? content.value : '')).join('')
}

function agentMessage({ taskId, contextId }: RequestContext, value: string): Message {
  return {
    messageId: crypto.randomUUID(),
    contextId,
    taskId,
    role: Role.ROLE_AGENT,
    parts: [textPart(value)],
    metadata: undefined,
    extensions: [],
    referenceTaskIds: [],
  }
}

function taskOf(context: RequestContext): Task {
  return (
    context.task ?? {
      id: context.taskId,
      contextId: context.contextId,
      status: { state: TaskState.TASK_STATE_SUBMITTED, message: undefined, timestamp: new Date().toISOString() },
      artifacts: [],
      history: [context.userMessage],
      metadata: undefined,
    }
  )
}

function publishStatus(context: RequestContext, bus: ExecutionEventBus, state: TaskState, text?: string): void {
  const { taskId, contextId } = context
  const message = text === undefined ? undefined : agentMessage(context, text)
  const status = { state, message, timestamp: new Date().toISOString() }
  bus.publish(AgentEvent.statusUpdate({ taskId, contextId, status, metadata: undefined }))
}

function publishChunk(context: RequestContext, bus: ExecutionEventBus, text: string, append: boolean, last: boolean) {
  const { taskId, contextId } = context
  const artifact: Artifact = {
    artifactId: 'answer',
    name: 'Answer',
    description: '',
    parts: [textPart(text)],
    metadata: undefined,
    extensions: [],
  }
  const event = { taskId, contextId, artifact, append, lastChunk: last, metadata: undefined }
  bus.publish(AgentEvent.artifactUpdate(event))
}

/** A task, a sign of work, an answer in the final status. */
export class AnsweringExecutor implements AgentExecutor {
  async execute(context: RequestContext, bus: ExecutionEventBus): Promise<void> {
    bus.publish(AgentEvent.task(taskOf(context)))
    publishStatus(context, bus, TaskState.TASK_STATE_WORKING, 'Thinking about it')
    await delay(10)
    publishStatus(context, bus, TaskState.TASK_STATE_COMPLETED, `You said: ${textOf(context.userMessage)}`)
    bus.finished()
  }

  async cancelTask(): Promise<void> {}
}

/** Streams word by word, and keeps a set of the tasks it was told to stop. */
export class CancelableExecutor implements AgentExecutor {
  readonly canceled = new Set<string>()
  readonly working = new Set<string>()

  async execute(context: RequestContext, bus: ExecutionEventBus): Promise<void> {
    bus.publish(AgentEvent.task(taskOf(context)))
    publishStatus(context, bus, TaskState.TASK_STATE_WORKING)
    const words = textOf(context.userMessage).split(' ')
    for (const [index, word] of words.entries()) {
      if (word === 'forever') {
        this.working.add(context.taskId)
        while (!this.canceled.has(context.taskId)) await delay(5)
      }
      if (this.canceled.has(context.taskId)) {
        publishStatus(context, bus, TaskState.TASK_STATE_CANCELED)
        bus.finished()
        return
      }
      publishChunk(context, bus, `${word} `, index > 0, index === words.length - 1)
    }
    publishStatus(context, bus, TaskState.TASK_STATE_COMPLETED)
    bus.finished()
  }

  async cancelTask(taskId: string): Promise<void> {
    this.canceled.add(taskId)
  }
}

/** Asks back once, and answers with what was said in all turns. */
export class AskingExecutor implements AgentExecutor {
  async execute(context: RequestContext, bus: ExecutionEventBus): Promise<void> {
    const known = context.task
    bus.publish(AgentEvent.task(taskOf(context)))
    publishStatus(context, bus, TaskState.TASK_STATE_WORKING)
    if (known === undefined) {
      publishStatus(context, bus, TaskState.TASK_STATE_INPUT_REQUIRED, 'Which year?')
      bus.finished()
      return
    }
    const asked = known.history.filter(({ role }) => role === Role.ROLE_USER).map(textOf)
    if (asked.at(-1) !== textOf(context.userMessage)) asked.push(textOf(context.userMessage))
    publishChunk(context, bus, `Film of ${asked.join(' of ')}`, false, true)
    publishStatus(context, bus, TaskState.TASK_STATE_COMPLETED)
    bus.finished()
  }

  async cancelTask(): Promise<void> {}
}

/** Needs no task. */
export class MessageExecutor implements AgentExecutor {
  async execute(context: RequestContext, bus: ExecutionEventBus): Promise<void> {
    bus.publish(AgentEvent.message({ ...agentMessage(context, `Hello, ${textOf(context.userMessage)}`), taskId: '' }))
    bus.finished()
  }

  async cancelTask(): Promise<void> {}
}

/** Asks for credentials and goes on when they have come. */
export class SigningInExecutor implements AgentExecutor {
  private readonly gates = new Map<string, () => void>()

  async execute(context: RequestContext, bus: ExecutionEventBus): Promise<void> {
    bus.publish(AgentEvent.task(taskOf(context)))
    publishStatus(context, bus, TaskState.TASK_STATE_AUTH_REQUIRED, 'Sign in, please')
    await new Promise<void>((resolve) => this.gates.set(context.taskId, resolve))
    publishStatus(context, bus, TaskState.TASK_STATE_WORKING)
    publishChunk(context, bus, 'signed in', false, true)
    publishStatus(context, bus, TaskState.TASK_STATE_COMPLETED)
    bus.finished()
  }

  signIn(taskId: string): void {
    this.gates.get(taskId)?.()
  }

  async cancelTask(): Promise<void> {}
}
