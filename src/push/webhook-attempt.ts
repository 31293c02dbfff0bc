/** One POST over a connection of its own, bounded in time and in what is read of the answer. */
import { type IncomingMessage, request as requestByHttp } from 'node:http'
import { request as requestByHttps } from 'node:https'
import type { Socket } from 'node:net'

export interface AttemptOptions {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Milliseconds until the head of the answer must be there. */
  readonly deadlineMs: number
  readonly connect: () => Socket
}

/** No answer in time. */
export class AttemptDeadline extends Error {
  override readonly name = 'AttemptDeadline'
}

/** What is read of an answer's head, and of its body, before the connection is cut; for how long the latter. */
const MAX_HEAD_BYTES = 16_384
const MAX_BODY_BYTES = 16_384
const BODY_MS = 1_000

export class Attempt {
  /** Whether there was a connection. */
  connected = false
  /** Milliseconds until the answer's head, or until it failed. */
  tookMs = 0
  private failure: unknown
  private request: ReturnType<typeof requestByHttp> | undefined
  private readonly options: AttemptOptions

  constructor(options: AttemptOptions) {
    this.options = options
  }

  /**
   * The head of the answer, as soon as its body was read, as far as it ever is. Called once.
   *
   * @throws AttemptDeadline, what was given to `end`, or what became of the connection
   */
  async answer(): Promise<IncomingMessage> {
    const began = performance.now()
    const timer = setTimeout(() => this.end(new AttemptDeadline()), this.options.deadlineMs)
    try {
      const answer = await this.send().finally(() => {
        clearTimeout(timer)
        this.tookMs = Math.round(performance.now() - began)
      })
      await drain(answer)
      return answer
    } finally {
      this.request?.destroy()
    }
  }

  /** Cuts the connection. When there was no answer yet, there will be none. */
  end(reason: unknown): void {
    this.failure ??= reason
    this.request?.destroy()
  }

  private send(): Promise<IncomingMessage> {
    const { url, headers, body, connect } = this.options
    const secure = url.protocol !== 'http:'
    return new Promise((resolve, reject) => {
      const fail = (error: unknown) => {
        this.failure ??= error
        reject(this.failure)
      }
      const request = (secure ? requestByHttps : requestByHttp)(url, {
        method: 'POST',
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
        maxHeaderSize: MAX_HEAD_BYTES,
        createConnection: () => {
          const socket = connect()
          socket.once(secure ? 'secureConnect' : 'connect', () => {
            this.connected = true
          })
          return socket
        },
      })
      this.request = request
      request.once('response', resolve)
      request.on('error', fail)
      // After an answer this changes nothing; without one (101, for instance) it is all that is heard.
      request.once('close', () => fail(Object.assign(new Error('closed without an answer'), { code: 'ECONNRESET' })))
      request.end(body)
    })
  }
}

/** Takes a short answer to its end, so that the receiver sees no broken connection; cuts off any other. */
function drain(answer: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    let bytes = 0
    const done = () => {
      clearTimeout(timer)
      answer.destroy()
      resolve()
    }
    const timer = setTimeout(done, BODY_MS)
    answer.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > MAX_BODY_BYTES) done()
    })
    answer.on('error', done)
    answer.once('close', done)
  })
}
