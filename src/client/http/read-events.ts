/** Server-sent events of a response, each within its bound, for as long as the stream shows signs of life. */
import { createParser } from 'eventsource-parser'
import { tooLarge } from '../errors.js'
import type { ClientLimits } from '../limits.js'
import type { WireCall } from '../transport.js'
import { chunksOf } from './read-body.js'
import type { SilenceWatch } from './silence-watch.js'

export interface ServerEvent {
  /** `event:`, undefined for a plain message. */
  readonly event?: string
  readonly data: string
  readonly id?: string
}

/**
 * @param silence whose `close` is its owner's
 * @param patient there is no limit to the silence before the first event
 * @throws A2AError UNAVAILABLE the connection broke, or the watch has found it silent
 * @throws A2AError PAYLOAD_TOO_LARGE an event is above `limits.eventBytes`, or all are above `limits.streamBytes`
 */
export async function* readEvents(
  response: Response,
  silence: SilenceWatch,
  limits: Pick<ClientLimits, 'eventBytes' | 'streamBytes'>,
  { patient = false }: Pick<WireCall, 'patient'> = {},
): AsyncGenerator<ServerEvent, void, undefined> {
  const ready: ServerEvent[] = []
  let overflow = false
  let bytes = 0
  const parser = createParser({
    onEvent(event) {
      ready.push({
        data: event.data,
        ...(event.event === undefined ? {} : { event: event.event }),
        ...(event.id === undefined ? {} : { id: event.id }),
      })
    },
    onError({ type }) {
      overflow ||= type === 'max-buffer-size-exceeded'
    },
    maxBufferSize: limits.eventBytes,
  })
  const decoder = new TextDecoder()
  let begun = !patient
  if (begun) silence.heard()
  for await (const chunk of chunksOf(response, silence.signal)) {
    // While the reader takes its time, the peer is not silent.
    silence.pause()
    bytes += chunk.byteLength
    if (bytes > limits.streamBytes) throw tooLarge('The stream', limits.streamBytes, 'streamBytes')
    parser.feed(decoder.decode(chunk, { stream: true }))
    begun ||= ready.length > 0
    yield* ready.splice(0)
    if (overflow) throw tooLarge('An event', limits.eventBytes, 'eventBytes')
    if (begun) silence.heard()
  }
}
