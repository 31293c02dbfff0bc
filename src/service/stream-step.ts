/** What a stream of a task is made of, before a wire gives it its form. */
import type { StreamResponseJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { onAbort } from '../internal/abort.js'

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

/** The steps of a stream as they come. Nothing happens before the first one is asked for. */
export interface EventStream extends AsyncIterableIterator<StreamStep, void, undefined> {
  /** One at a time. */
  next(): Promise<IteratorResult<StreamStep, void>>
  /** Ends the stream, also while a step is waited for: that one is then the end. */
  return(): Promise<IteratorResult<StreamStep, void>>
}

export const STREAM_END = { done: true, value: undefined } as const

/** A stream that has to be opened first: the step that is asked for first opens it. */
export class OpeningStream implements EventStream {
  private open: (() => Promise<EventStream>) | undefined
  private stream: EventStream | undefined
  private over = false

  constructor(open: () => Promise<EventStream>) {
    this.open = open
  }

  next(): Promise<IteratorResult<StreamStep, void>> {
    return this.stream === undefined ? this.first() : this.stream.next()
  }

  async return(): Promise<IteratorResult<StreamStep, void>> {
    this.over = true
    await this.stream?.return()
    return STREAM_END
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  private async first(): Promise<IteratorResult<StreamStep, void>> {
    const { open } = this
    this.open = undefined
    if (open === undefined || this.over) return STREAM_END
    this.stream = await open()
    // Ended while it was being opened.
    if (this.over) return this.stream.return()
    return this.stream.next()
  }
}

/** A stream with each step changed. */
export class MappedStream implements EventStream {
  private readonly stream: EventStream
  private readonly change: (step: StreamStep) => StreamStep

  constructor(stream: EventStream, change: (step: StreamStep) => StreamStep) {
    this.stream = stream
    this.change = change
  }

  async next(): Promise<IteratorResult<StreamStep, void>> {
    const step = await this.stream.next()
    return step.done === true ? step : { done: false, value: this.change(step.value) }
  }

  return(): Promise<IteratorResult<StreamStep, void>> {
    return this.stream.return()
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

/** A stream that says when it is over, however it ends: by itself, by its reader, or because the reader has gone. */
export class ClosingStream implements EventStream {
  private readonly stream: EventStream
  private close: (() => void) | undefined

  constructor(stream: EventStream, gone: AbortSignal, close: () => void) {
    this.stream = stream
    const off = onAbort(gone, () => this.over())
    this.close = () => {
      off()
      close()
    }
    if (gone.aborted) this.over()
  }

  async next(): Promise<IteratorResult<StreamStep, void>> {
    try {
      const step = await this.stream.next()
      if (step.done === true) this.over()
      return step
    } catch (error) {
      this.over()
      throw error
    }
  }

  return(): Promise<IteratorResult<StreamStep, void>> {
    this.over()
    return this.stream.return()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  private over(): void {
    const { close } = this
    this.close = undefined
    close?.()
  }
}

export async function* onlyStep(step: StreamStep): AsyncGenerator<StreamStep, void, undefined> {
  yield step
}
