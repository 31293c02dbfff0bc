/** What an executor of `@a2a-js/sdk` is told of a message. */
import type { Task } from '@a2a-js/sdk'
import type { RequestContext } from '@a2a-js/sdk/server'
import { MessageSchema, TaskSchema } from '../../../gen/lf/a2a/v1/a2a_pb.js'
import { PROTOCOL_VERSION } from '../../a2a/service-params.js'
import type { TurnContext } from '../../agent/agent-context.js'
import type { IncomingMessage } from '../../agent/incoming-message.js'
import { toShape } from './shapes.js'

export function requestContext(incoming: IncomingMessage, ctx: TurnContext): RequestContext {
  const userMessage = toShape<RequestContext['userMessage']>(MessageSchema, incoming.raw)
  const context = {
    request: {
      tenant: '',
      message: userMessage,
      configuration: {
        acceptedOutputModes: [...ctx.acceptedOutputModes],
        taskPushNotificationConfig: undefined,
        returnImmediately: false,
      },
      metadata: ctx.metadata,
    },
    taskId: ctx.taskId,
    contextId: ctx.contextId,
    // Every attempt at a task's first message sees what the first one saw.
    task: ctx.turn === 1 ? undefined : toShape<Task>(TaskSchema, ctx.task),
    referenceTasks: undefined,
    context: callContext(ctx),
    userMessage,
  }
  // The class behind the type is not ours to make; its public side is all of the above.
  return context as unknown as RequestContext
}

function callContext({ caller, extensions }: TurnContext) {
  const activated: string[] = []
  const isAuthenticated = caller.principal !== 'local'
  return {
    tenant: caller.tenant === '' ? undefined : caller.tenant,
    user: { isAuthenticated, userName: isAuthenticated ? caller.principal : '' },
    requestedVersion: PROTOCOL_VERSION,
    requestedExtensions: [...extensions],
    activatedExtensions: activated,
    state: new Map<string, unknown>(),
    addActivatedExtension: (uri: string) => {
      activated.push(uri)
    },
  }
}
