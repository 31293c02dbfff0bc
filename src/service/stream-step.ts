/** What a stream of a task is made of, before a wire gives it its form. */
import type { StreamResponseJson } from '../../gen/lf/a2a/v1/a2a_pb.js'

/** One event of a stream, and the place to continue after it. */
export interface Frame {
  readonly event: StreamResponseJson
  /** As text for the reader; undefined for a Message that stands alone. */
  readonly cursor?: string
  /** The stream ends with this frame, because its reader has seen what it came for. */
  readonly last?: true
}

/** `open`: the stream has begun, and nothing is to be shown yet. */
export type StreamStep = Frame | 'open'

export type EventStream = AsyncGenerator<StreamStep, void, undefined>
