/** A `fetch` for the Connect library: our way of sending, and bounds on what comes back, which the library has none of. */
import { connectionLost, invalidAnswer, tooLarge } from '../errors.js'
import type { ClientLimits } from '../limits.js'
import { httpError } from '../transports/http-errors.js'
import { chunksOf, errorBody, mediaType, readText } from './read-body.js'
import type { Sender } from './sender.js'
import { SilenceWatch } from './silence-watch.js'

export function boundedConnect(send: Sender, limits: ClientLimits): typeof fetch {
  return async (input, init = {}) => {
    const signal = init.signal ?? new AbortController().signal
    const url = String(input)
    const response = await send(url, {
      method: init.method ?? 'POST',
      headers: new Headers(init.headers),
      ...(init.body === undefined || init.body === null ? {} : { body: init.body as Uint8Array<ArrayBuffer> }),
      signal,
    })
    const type = mediaType(response)
    if (!response.ok) return failure(response, signal, limits)
    if (!type.startsWith('application/')) throw invalidAnswer(`content of type ${type || 'unknown'}`)
    const chunks = type.startsWith('application/connect+')
      ? envelopes(response, signal, limits)
      : whole(response, signal, limits)
    return new Response(toStream(chunks), { status: response.status, headers: response.headers })
  }
}

/** An error of Connect is JSON with a code; anything else with a status is from before the agent. */
async function failure(response: Response, signal: AbortSignal, { answerBytes }: ClientLimits): Promise<Response> {
  const text = await readText(response, {
    maxBytes: answerBytes,
    signal,
    tooLarge: () => tooLarge('The answer', answerBytes, 'answerBytes'),
  })
  if (typeof errorBody(response, text)?.code !== 'string') throw httpError(response)
  return new Response(text, { status: response.status, headers: response.headers })
}

async function* whole(
  response: Response,
  signal: AbortSignal,
  { answerBytes }: ClientLimits,
): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0
  for await (const chunk of chunksOf(response, signal)) {
    bytes += chunk.byteLength
    if (bytes > answerBytes) throw tooLarge('The answer', answerBytes, 'answerBytes')
    yield chunk
  }
}

/** Bytes before each message: flags, then its length. */
const PREFIX_BYTES = 5
const END_STREAM = 0b10

/** Follows the lengths that the stream declares: a message that is too large is refused before it is read. */
async function* envelopes(
  response: Response,
  signal: AbortSignal,
  limits: ClientLimits,
): AsyncGenerator<Uint8Array, void, undefined> {
  const prefix = new Uint8Array(PREFIX_BYTES)
  let prefixBytes = 0
  let remaining = 0
  let bytes = 0
  let ended = false
  const silence = new SilenceWatch(signal, limits.idleMs)
  silence.heard()
  try {
    for await (const chunk of chunksOf(response, silence.signal)) {
      silence.heard()
      bytes += chunk.byteLength
      if (bytes > limits.streamBytes) throw tooLarge('The stream', limits.streamBytes, 'streamBytes')
      for (let at = 0; at < chunk.byteLength; ) {
        if (remaining > 0) {
          const step = Math.min(remaining, chunk.byteLength - at)
          remaining -= step
          at += step
          continue
        }
        prefix[prefixBytes] = chunk[at] ?? 0
        prefixBytes += 1
        at += 1
        if (prefixBytes < PREFIX_BYTES) continue
        prefixBytes = 0
        remaining = new DataView(prefix.buffer).getUint32(1)
        ended = ((prefix[0] ?? 0) & END_STREAM) !== 0
        if (remaining > limits.eventBytes) throw tooLarge('An event', limits.eventBytes, 'eventBytes')
      }
      silence.pause()
      yield chunk
      silence.heard()
    }
    if (!ended || remaining > 0) throw connectionLost(response.url, 'the stream was cut off')
  } finally {
    silence.close()
  }
}

function toStream(chunks: AsyncGenerator<Uint8Array, void, undefined>): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          const step = await chunks.next()
          if (step.done === true) controller.close()
          else controller.enqueue(step.value as Uint8Array<ArrayBuffer>)
        } catch (error) {
          controller.error(error)
        }
      },
      async cancel() {
        await chunks.return()
      },
    },
    { highWaterMark: 0 },
  )
}
