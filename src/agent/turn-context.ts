/** `ctx` of one attempt at a turn, out of what is known of the turn and what its engine gives. */
import type { MessageJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { messageNumber } from '../task/message-number.js'
import type { HandlerOrigin } from '../task/suspension.js'
import type { TurnInput } from '../task/turn-input.js'
import type { AgentContext } from './agent-context.js'
import type { AgentDefinition } from './agent-definition.js'
import type { Calls } from './durable-calls.js'
import { resumeFrom } from './resume.js'
import { skillOf } from './skills.js'
import type { TurnHost } from './turn-host.js'

export interface TurnContextParts {
  readonly agent: AgentDefinition
  readonly input: TurnInput
  readonly host: TurnHost
  /** With what the handler is called, maybe again. */
  readonly origin: HandlerOrigin
  readonly message: MessageJson
  readonly signal: AbortSignal
  readonly emit: AgentContext['emit']
  readonly calls: Calls
  /** Made when it is used. */
  readonly state: () => AgentContext['state']
}

export function turnContext(parts: TurnContextParts): AgentContext {
  const { agent, input, host, origin, message, signal, emit, calls } = parts
  const history = input.task.history ?? []
  const before = history.slice(0, origin.place)
  const { count = 0 } = input.unseen ?? {}
  return {
    signal,
    taskId: input.taskId,
    contextId: input.task.contextId ?? '',
    task: count === 0 ? input.task : { ...input.task, history: history.slice(count) },
    skill: skillOf(agent, message, before),
    history: before.slice(count),
    metadata: origin.params.metadata ?? {},
    acceptedOutputModes: origin.params.acceptedOutputModes ?? [],
    streamed: origin.params.streamed ?? false,
    extensions: origin.params.extensions ?? [],
    attempt: host.attempt,
    resume: resumeFrom(host.before),
    turn: messageNumber(history, origin.place),
    caller: { principal: input.owner, tenant: input.tenant, roles: origin.params.roles ?? [] },
    log: host.log,
    emit,
    get state() {
      return parts.state()
    },
    step: calls.step,
    ask: calls.ask,
    approve: calls.approve,
    sleep: calls.sleep,
    call: calls.call,
  }
}
