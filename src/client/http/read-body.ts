/** Reading what a peer sends, never more than it may send. */
import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { onAbort } from '../../internal/abort.js'
import { connectionLost, invalidAnswer } from '../errors.js'

/** The chunks of a body. Rejects with a lost connection, or with the signal's reason; always lets go of the body. */
export async function* chunksOf(response: Response, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  if (response.body === null) return
  const reader = response.body.getReader()
  const off = onAbort(signal, () => void reader.cancel(signal.reason).catch(() => {}))
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        signal.throwIfAborted()
        throw connectionLost(response.url, error)
      })
      signal.throwIfAborted()
      if (done) return
      yield value
    }
  } finally {
    off()
    void reader.cancel().catch(() => {})
  }
}

/**
 * The whole body as text.
 *
 * @param tooLarge makes the error for a body above `maxBytes`
 */
export async function readText(
  response: Response,
  options: { maxBytes: number; signal: AbortSignal; tooLarge(): Error },
): Promise<string> {
  const decoder = new TextDecoder()
  let bytes = 0
  let text = ''
  for await (const chunk of chunksOf(response, options.signal)) {
    bytes += chunk.byteLength
    if (bytes > options.maxBytes) throw options.tooLarge()
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

/** @throws A2AError INVALID_AGENT_RESPONSE no JSON */
export function parseJson(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue
  } catch (error) {
    throw invalidAnswer('no JSON', error)
  }
}

/** The body of a response with the status of an error: the object that it holds, or undefined for anything else. */
export function errorBody(response: Response, text: string): JsonObject | undefined {
  if (!mediaType(response).includes('json')) return undefined
  try {
    const json = JSON.parse(text) as JsonValue
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? json : undefined
  } catch {
    return undefined
  }
}

/** The media type without its parameters, in lower case. */
export function mediaType(response: Response): string {
  return (response.headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
}
