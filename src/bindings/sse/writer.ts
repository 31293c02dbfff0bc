/** Server-sent events: frames out, heartbeats in silence, at the pace of the reader, until one of the two has enough. */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { A2AError } from '../../a2a/errors.js'
import type { EventStream, Frame, StreamStep } from '../../service/stream-step.js'
import type { StreamLimits, StreamPace } from '../http/call.js'
import { type HttpResponse, PRIVATE_HEADERS } from '../http/exchange.js'
import { Heartbeat } from '../http/heartbeat.js'
import { PacedWriter } from '../http/paced-writer.js'

/** How a wire writes a stream. */
export interface SseForm {
  /** A frame as the one line of JSON that the wire wants. */
  data(frame: Frame): string
  /** An error after the first frame as a whole event. */
  error(error: unknown): string
}

export interface SseOptions {
  /** The stream; its first frame is awaited before anything is sent, so that an early error is a plain answer. */
  readonly frames: EventStream
  readonly form: SseForm
  readonly signal: AbortSignal
  readonly limits: StreamLimits & StreamPace
  readonly headers: OutgoingHttpHeaders
  /** Headers that the first frame tells. */
  firstHeaders?: ((first: Frame) => OutgoingHttpHeaders) | undefined
}

type Step = IteratorResult<StreamStep, void>

/** A comment: the reader learns that it is connected, or still is. */
const OPEN = ':\n\n'
/** Milliseconds after which a client may come back, told to it with a close that it can resume from. */
const RETRY_MS = 500

/**
 * Resolves when the stream has begun; it goes on by itself.
 *
 * @throws whatever the stream throws before its first frame; nothing has been sent then
 */
export async function startEvents(res: HttpResponse, options: SseOptions): Promise<void> {
  const first = await options.frames.next()
  ;(res as ServerResponse).writeHead(200, {
    ...PRIVATE_HEADERS,
    'content-type': 'text/event-stream',
    'x-accel-buffering': 'no',
    ...options.headers,
    ...(typeof first.value === 'object' ? options.firstHeaders?.(first.value) : {}),
  })
  // Without this a first frame that is small would wait in the socket for the second.
  if ('flushHeaders' in res) res.flushHeaders()
  new EventWriter(res, options).take(first)
}

/** By callbacks and not by a loop that awaits: such a loop would hold its last frame for as long as it waits for the next. */
class EventWriter {
  private readonly res: HttpResponse
  private readonly frames: EventStream
  private readonly form: SseForm
  private readonly signal: AbortSignal
  private readonly paced: PacedWriter
  private readonly heartbeat: Heartbeat
  private expired = false

  constructor(res: HttpResponse, { frames, form, signal, limits }: SseOptions) {
    this.res = res
    this.frames = frames
    this.form = form
    this.signal = signal
    this.paced = new PacedWriter(res, limits, this)
    this.heartbeat = new Heartbeat(limits, this)
  }

  readonly take = (step: Step): void => {
    if (step.done === true || this.paced.gone) {
      this.end()
      return
    }
    try {
      this.heartbeat.spoke()
      const { value } = step
      const waiting = this.paced.write(value === 'open' ? OPEN : eventText(value, this.form.data(value)))
      if (waiting === undefined) this.ask()
      else void waiting.then(this.ask)
    } catch (error) {
      this.fail(error)
    }
  }

  beat(): void {
    if (!this.paced.gone && !this.paced.blocked) (this.res as ServerResponse).write(OPEN)
  }

  expire(): void {
    this.expired = true
    void this.frames.return()
  }

  left(): void {
    void this.frames.return()
    this.heartbeat.stop()
  }

  private readonly ask = (): void => {
    this.frames.next().then(this.take, this.fail)
  }

  private readonly fail = (error: unknown): void => {
    this.close(isResumable(error) ? resumable((error as Error).message) : this.form.error(error))
  }

  private end(): void {
    if (this.expired) this.close(resumable('the stream has reached its time limit'))
    else if (this.signal.aborted) this.close(resumable('the server is stopping'))
    else this.close('')
  }

  private close(text: string): void {
    this.heartbeat.stop()
    this.paced.release()
    if (!this.paced.gone) this.res.end(text)
    void this.frames.return()
  }
}

function eventText({ cursor }: Frame, data: string): string {
  if (cursor === undefined) return `data: ${data}\n\n`
  return `id: ${cursor}\ndata: ${data}\n\n`
}

/** A close after which the client can come back: no error, and no end of the task either. */
function resumable(why: string): string {
  return `: ${why}; subscribe to the task to go on\nretry: ${RETRY_MS}\n\n`
}

function isResumable(error: unknown): boolean {
  return error instanceof A2AError && error.metadata.resumable === 'true'
}
