/** Sending a message so that its task is known as early as possible, and is found again when the answer is lost. */
import type { MessageJson, PartJson, SendMessageRequestJson } from '../../../gen/lf/a2a/v1/a2a_pb.js'
import { toParts } from '../../a2a/parts.js'
import { onAbort } from '../../internal/abort.js'
import { withRetries } from '../backoff.js'
import { openScope } from '../call-scope.js'
import type { Caller } from '../caller.js'
import type { PlacedEvent } from '../cursor.js'
import { connectionLost } from '../errors.js'
import { withIdempotencyKey } from '../idempotency-key.js'
import { randomId } from '../ids.js'
import type { Content, MessageContent, SendOptions } from '../options.js'

/** A stream of which the first event was read. */
export interface OpenStream {
  readonly first: PlacedEvent
  readonly rest: AsyncGenerator<PlacedEvent, void, undefined>
  /** Ends the stream, also in the middle of a read. */
  abort(reason?: unknown): void
}

/**
 * Resolves with the first event: the message was taken. The stream then lives until it ends or is aborted; the options'
 * signal and deadline are for the time until the first event.
 *
 * An agent without streams is asked to answer at once, so that no answer has to wait as long as the task does.
 */
export async function openMessage(caller: Caller, content: Content, options: SendOptions): Promise<OpenStream> {
  const request = messageRequest(content, options, !caller.streams)
  const headers = withIdempotencyKey(options.headers, options.idempotencyKey)
  if (!caller.streams) {
    // Agents that cannot answer at once take their time; a message that was given up may be lost.
    const { timeoutMs = Number.POSITIVE_INFINITY } = options
    const event = await caller.unary('sendMessage', request, { ...options, headers, timeoutMs })
    return { first: { event, cursor: undefined }, rest: nothing(), abort: () => {} }
  }
  const scope = openScope([options.signal, caller.signal], options.timeoutMs)
  try {
    return await withRetries(() => openStream(caller, request, { ...options, headers }, scope.signal), {
      retry: caller.retry,
      retryable: (error) => caller.maySendAgain(error),
      signal: scope.signal,
    })
  } finally {
    scope.close()
  }
}

async function openStream(
  caller: Caller,
  request: SendMessageRequestJson,
  { headers = {}, extensions = [] }: SendOptions,
  opening: AbortSignal,
): Promise<OpenStream> {
  const life = new AbortController()
  const off = onAbort(opening, () => life.abort(opening.reason))
  try {
    const rest = caller.stream('sendStreamingMessage', request, { headers, extensions, signal: life.signal })
    const first = await rest.next()
    if (first.done === true) throw connectionLost(caller.transport.url, 'the stream ended before its first event')
    return { first: first.value, rest, abort: (reason) => life.abort(reason) }
  } finally {
    off()
  }
}

function messageRequest(content: Content, options: SendOptions, returnImmediately: boolean): SendMessageRequestJson {
  const { historyLength, acceptedOutputModes, pushNotification } = options
  const configuration = {
    ...(returnImmediately ? { returnImmediately } : {}),
    ...(historyLength === undefined ? {} : { historyLength }),
    ...(acceptedOutputModes === undefined ? {} : { acceptedOutputModes: [...acceptedOutputModes] }),
    ...(pushNotification === undefined ? {} : { taskPushNotificationConfig: pushNotification }),
  }
  return {
    message: toMessage(content, options),
    ...(Object.keys(configuration).length === 0 ? {} : { configuration }),
    ...(options.metadata === undefined ? {} : { metadata: options.metadata }),
  }
}

function toMessage(content: Content, { taskId, contextId }: SendOptions): MessageJson {
  const given: MessageContent = isContent(content) ? content : { parts: content }
  const { messageId, parts, metadata, extensions, referenceTaskIds } = given
  return {
    messageId: messageId ?? randomId(),
    role: 'ROLE_USER',
    parts: toParts(parts),
    ...(taskId === undefined ? {} : { taskId }),
    ...(contextId === undefined ? {} : { contextId }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(extensions === undefined ? {} : { extensions: [...extensions] }),
    ...(referenceTaskIds === undefined ? {} : { referenceTaskIds: [...referenceTaskIds] }),
  }
}

function isContent(content: Content): content is MessageContent {
  return typeof content !== 'string' && !Array.isArray(content as readonly PartJson[])
}

async function* nothing(): AsyncGenerator<never, void, undefined> {}
