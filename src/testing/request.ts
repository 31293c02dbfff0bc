/** What a tester sends, as the service takes it. */
import type { JsonObject } from '@bufbuild/protobuf'
import type { MessageJson, PartJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { LOCAL_PRINCIPAL } from '../a2a/ids.js'
import { toParts } from '../a2a/parts.js'
import { PROTOCOL_VERSION } from '../a2a/service-params.js'
import type { AgentDefinition } from '../agent/agent-definition.js'
import { SKILL_METADATA } from '../agent/skills.js'
import type { CallContext } from '../service/call-context.js'
import type { SendOptions } from './options.js'

/**
 * A SendMessageRequest.
 *
 * @param contextId of a new task, when the options name none
 */
export function sendRequest(
  content: string | readonly PartJson[],
  options: SendOptions,
  { messageId, contextId }: { readonly messageId: string; readonly contextId: string },
): JsonObject {
  if (typeof content !== 'string' && !Array.isArray(content)) {
    throw new TypeError(`the message of a test must be a string or an array of parts, not ${typeof content}`)
  }
  const { skill, metadata = {}, requestMetadata, taskId, acceptedOutputModes = [] } = options
  const named = skill === undefined ? metadata : { ...metadata, [SKILL_METADATA]: skill }
  const message: MessageJson = {
    messageId,
    role: 'ROLE_USER',
    ...(taskId === undefined ? { contextId: options.contextId ?? contextId } : { taskId }),
    parts: toParts(content),
    ...(Object.keys(named).length === 0 ? {} : { metadata: named }),
  }
  return {
    message,
    // The tester itself waits for as long as it takes.
    configuration: { returnImmediately: true, acceptedOutputModes: [...acceptedOutputModes] },
    ...(requestMetadata === undefined ? {} : { metadata: requestMetadata }),
  } as JsonObject
}

/** @param signal aborts when the tester has what it came for */
export function testCall(
  agent: AgentDefinition,
  signal: AbortSignal,
  { extensions = [], principal = LOCAL_PRINCIPAL }: SendOptions = {},
): CallContext {
  return {
    agent,
    agentFixed: true,
    principal,
    tenant: '',
    version: PROTOCOL_VERSION,
    extensions,
    idempotencyKey: undefined,
    lastEventId: undefined,
    signal,
    deadline: undefined,
  }
}
