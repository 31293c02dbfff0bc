/** HTTP/2 in clear text, with Node's own client: one session, made anew when the server has ended it. */
import http2, { type ClientHttp2Session, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2'
import { inTime, type Outcome } from './answer.js'

export interface H2Request {
  readonly headers: OutgoingHttpHeaders
  readonly body?: Buffer | undefined
  /** Leave the request open after the body. */
  readonly open?: boolean
  /** While the stream has not been closed from this side; the server may have closed it. */
  readonly onAnswer?: (() => Promise<void>) | undefined
}

export class H2Client {
  private readonly url: string
  private session: ClientHttp2Session | undefined

  constructor(port: number) {
    this.url = `http://127.0.0.1:${port}`
  }

  async exchange({ headers, body, open = false, onAnswer }: H2Request): Promise<Outcome> {
    const stream = this.open().request(headers, { endStream: body === undefined && !open })
    const work = new Promise<Outcome>((resolve) => {
      let status: number | undefined
      let head: IncomingHttpHeaders = {}
      let trailers: IncomingHttpHeaders = {}
      const chunks: Buffer[] = []
      const done = (how: string) => () => {
        if (status === undefined) resolve({ closed: `${how} (${stream.rstCode})` })
        else resolve({ status, headers: plain(head), trailers: plain(trailers), body: Buffer.concat(chunks) })
      }
      stream.on('response', (received) => {
        head = received
        status = received[':status']
      })
      stream.on('trailers', (received) => {
        trailers = received
      })
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('error', (error) => {
        if (status === undefined) done(`with ${(error as NodeJS.ErrnoException).code}`)()
        else resolve({ closed: `within an answer: ${error.message}` })
      })
      stream.on('end', () => {
        if (status !== undefined) done('at the end')()
      })
      stream.on('close', done('without an answer'))
      if (body === undefined) return
      if (open) stream.write(body)
      else stream.end(body)
    })
    try {
      const outcome = await inTime(work, 'HTTP/2')
      await onAnswer?.()
      return outcome
    } finally {
      if (!stream.closed) stream.close(http2.constants.NGHTTP2_CANCEL)
    }
  }

  close(): void {
    this.session?.destroy()
  }

  private open(): ClientHttp2Session {
    if (this.session === undefined || this.session.closed || this.session.destroyed) {
      // The limit is the server's business here, not the client's.
      this.session = http2.connect(this.url, { maxSessionMemory: 1_000 })
      this.session.on('error', () => {})
    }
    return this.session
  }
}

function plain(headers: IncomingHttpHeaders): Record<string, string> {
  const read: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith(':')) read[name] = Array.isArray(value) ? value.join(', ') : String(value)
  }
  return read
}
