/** Server-sent events: frames out, heartbeats in silence, at the pace of the reader, until one of the two has enough. */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { A2AError } from '../../a2a/errors.js'
import type { EventStream, Frame } from '../../service/stream-step.js'
import type { StreamLimits, StreamPace } from '../http/call.js'
import { type HttpResponse, PRIVATE_HEADERS } from '../http/exchange.js'
import { PacedWriter } from '../http/paced-writer.js'
import { Heartbeat } from './heartbeat.js'

export interface SseOptions {
  /** The stream; its first frame is awaited before anything is sent, so that an early error is a plain answer. */
  readonly frames: EventStream
  /** A frame as the one line of JSON that the wire wants. */
  data(frame: Frame): string
  /** An error after the first frame as a whole event, or undefined to close without a word. */
  error(error: unknown): string
  readonly signal: AbortSignal
  readonly limits: StreamLimits & StreamPace
  readonly headers: OutgoingHttpHeaders
  /** Headers that the first frame tells. */
  firstHeaders?: ((first: Frame) => OutgoingHttpHeaders) | undefined
}

/** A comment: the reader learns that it is connected, or still is. */
const OPEN = ':\n\n'
/** Milliseconds after which a client may come back, told to it with a close that it can resume from. */
const RETRY_MS = 500

/**
 * @throws whatever the stream throws before its first frame; nothing has been sent then
 */
export async function writeEvents(res: HttpResponse, options: SseOptions): Promise<void> {
  const { frames, limits } = options
  const first = await frames.next()
  const out = new EventWriter(res, limits)
  try {
    ;(res as ServerResponse).writeHead(200, {
      ...PRIVATE_HEADERS,
      'content-type': 'text/event-stream',
      'x-accel-buffering': 'no',
      ...options.headers,
      ...(typeof first.value === 'object' ? options.firstHeaders?.(first.value) : {}),
    })
    // Without this a first frame that is small would wait in the socket for the second.
    if ('flushHeaders' in res) res.flushHeaders()
    for (let step = first; step.done !== true; step = await out.whileOpen(frames.next())) {
      await out.write(step.value === 'open' ? OPEN : eventText(step.value, options.data(step.value)))
    }
    if (options.signal.aborted) await out.write(resumable('the server is stopping'))
  } catch (error) {
    if (error instanceof StreamOver) await out.write(resumable(error.message))
    else if (isResumable(error)) await out.write(resumable((error as Error).message))
    else if (!out.gone) await out.write(options.error(error))
  } finally {
    out.end()
    // A generator that waits for an event ends when its signal does; nothing here waits for it.
    void frames.return().catch(() => {})
  }
}

/** The reader has gone, or the stream has lived long enough. */
class StreamOver extends Error {}

class EventWriter {
  private readonly res: HttpResponse
  private readonly paced: PacedWriter
  private readonly heartbeat: Heartbeat
  private over: StreamOver | undefined
  /** Ends the wait that is under way. */
  private interrupt: ((error: StreamOver) => void) | undefined

  constructor(res: HttpResponse, limits: StreamLimits & StreamPace) {
    this.res = res
    this.paced = new PacedWriter(res, limits.stallMs, limits.bufferBytes)
    res.once('close', () => this.finish('the reader has gone'))
    this.heartbeat = new Heartbeat(limits, {
      beat: () => {
        if (!this.gone && !this.paced.blocked) (this.res as ServerResponse).write(OPEN)
      },
      over: () => this.finish('the stream has reached its time limit'),
    })
  }

  get gone(): boolean {
    return this.paced.gone
  }

  /** No race with a promise that lives as long as the stream: that would keep every frame until then. */
  whileOpen<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.interrupt = reject
      if (this.over !== undefined) reject(this.over)
      work.then(resolve, reject)
    })
  }

  private finish(why: string): void {
    this.over ??= new StreamOver(why)
    this.interrupt?.(this.over)
  }

  /** Undefined when the text is on its way; else resolves when it is, or the reader has gone. */
  write(text: string): Promise<void> | undefined {
    this.heartbeat.spoke()
    return this.paced.write(text)
  }

  end(): void {
    this.heartbeat.stop()
    this.paced.release()
    if (!this.gone) this.res.end()
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
