/** HTTP/1.1 by hand: any bytes out, and whatever answers come back. */
import { connect, type Socket } from 'node:net'
import { type HttpAnswer, inTime, type Outcome } from './answer.js'

export interface Heard {
  readonly answers: readonly HttpAnswer[]
  /** The server has ended the connection. */
  readonly ended: boolean
  /** The other side of an answer: bytes that are no whole answer. */
  readonly rest: Buffer
}

/** One connection. Everything that comes is kept and parsed anew, which is cheap enough for tests. */
export class H1Connection {
  readonly socket: Socket
  private received = Buffer.alloc(0)
  private ended = false
  private why = 'by the server'
  private wake: (() => void) | undefined

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    this.socket.on('data', (chunk) => {
      this.received = Buffer.concat([this.received, chunk])
      this.wake?.()
    })
    const end = (why: string) => () => {
      if (!this.ended) this.why = why
      this.ended = true
      this.wake?.()
    }
    this.socket.on('end', end('by the server'))
    this.socket.on('close', end('by the server'))
    this.socket.on('error', (error) => end(`with ${(error as NodeJS.ErrnoException).code}`)())
  }

  get usable(): boolean {
    return !this.ended && this.received.length === 0
  }

  write(bytes: Buffer | string): void {
    if (!this.socket.destroyed && this.socket.writable) this.socket.write(bytes, 'latin1')
  }

  /** Says that nothing more will be sent. */
  finish(): void {
    if (!this.socket.destroyed) this.socket.end()
  }

  /** What has come so far. */
  heard(headOnly = false): Heard {
    return { ...parseAnswers(this.received, this.ended, headOnly), ended: this.ended }
  }

  /** The first whole answer, or how the connection ended without one. */
  async answer(headOnly = false): Promise<Outcome> {
    return inTime(this.until(headOnly), 'HTTP/1.1')
  }

  /** Everything up to the end of the connection, or of the time. */
  async untilClosed(ms: number): Promise<Heard> {
    await this.closed(ms)
    return this.heard()
  }

  /** Whether the connection has ended, of itself or within the time; what came is not looked at. */
  async closed(ms: number): Promise<boolean> {
    const end = Date.now() + ms
    while (!this.ended && Date.now() < end) await this.more(end - Date.now())
    return this.ended
  }

  /** Forgets an answer that was taken, so that the connection can be used again. */
  forget(): void {
    this.received = Buffer.alloc(0)
  }

  close(): void {
    this.socket.destroy()
  }

  private async until(headOnly: boolean): Promise<Outcome> {
    for (;;) {
      const { answers, rest } = this.heard(headOnly)
      const [first] = answers
      if (first !== undefined) return first
      if (this.ended) {
        if (rest.length > 0) throw new Error(`the connection ended within an answer: ${show(rest)}`)
        return { closed: this.why }
      }
      await this.more()
    }
  }

  private more(ms?: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(resolve, ms)
      this.wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

/** Requests one after the other, on one connection as long as it lives. */
export class H1Client {
  private readonly port: number
  private idle: H1Connection | undefined

  constructor(port: number) {
    this.port = port
  }

  async exchange(bytes: Buffer, headOnly: boolean): Promise<Outcome> {
    const reused = this.idle?.usable === true ? this.idle : undefined
    if (reused === undefined) this.idle?.close()
    this.idle = undefined
    const connection = reused ?? new H1Connection(this.port)
    connection.write(bytes)
    let keep = false
    try {
      const outcome = await connection.answer(headOnly)
      // A kept connection may have been closed at the very moment of the request.
      if ('closed' in outcome && reused !== undefined) return await this.exchange(bytes, headOnly)
      keep = !('closed' in outcome) && outcome.headers.connection?.toLowerCase() !== 'close'
      keep &&= connection.heard(headOnly).rest.length === 0
      return outcome
    } finally {
      if (keep) {
        connection.forget()
        this.idle = connection
      } else {
        connection.close()
      }
    }
  }

  close(): void {
    this.idle?.close()
  }
}

export function parseAnswers(
  bytes: Buffer,
  ended: boolean,
  headOnly: boolean,
): { answers: HttpAnswer[]; rest: Buffer } {
  const answers: HttpAnswer[] = []
  let at = 0
  while (at < bytes.length) {
    const read = readAnswer(bytes, at, ended, headOnly)
    if (read === undefined) break
    at = read.next
    if (read.answer.status >= 200) answers.push(read.answer)
  }
  return { answers, rest: bytes.subarray(at) }
}

function readAnswer(bytes: Buffer, start: number, ended: boolean, headOnly: boolean) {
  const headEnd = bytes.indexOf('\r\n\r\n', start)
  if (headEnd < 0) return undefined
  const [first = '', ...lines] = bytes.toString('latin1', start, headEnd).split('\r\n')
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1])
  if (Number.isNaN(status)) throw new Error(`not an HTTP answer: ${show(bytes.subarray(start))}`)
  const headers = fields(lines)
  const at = headEnd + 4
  const none = { answer: { status, headers, trailers: {}, body: Buffer.alloc(0) }, next: at }
  if (status < 200 || status === 204 || status === 304 || headOnly) return none
  if (headers['transfer-encoding']?.toLowerCase() === 'chunked') return readChunked(bytes, at, status, headers)
  const length = headers['content-length']
  if (length === undefined && !ended) return undefined
  const next = length === undefined ? bytes.length : at + Number(length)
  if (next > bytes.length) return undefined
  return { answer: { status, headers, trailers: {}, body: bytes.subarray(at, next) }, next }
}

function readChunked(bytes: Buffer, start: number, status: number, headers: Record<string, string>) {
  const chunks: Buffer[] = []
  let at = start
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd < 0) return undefined
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    at = lineEnd + 2
    if (size === 0) break
    if (at + size + 2 > bytes.length) return undefined
    chunks.push(bytes.subarray(at, at + size))
    at += size + 2
  }
  const lines: string[] = []
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd < 0) return undefined
    const line = bytes.toString('latin1', at, lineEnd)
    at = lineEnd + 2
    if (line === '') break
    lines.push(line)
  }
  return { answer: { status, headers, trailers: fields(lines), body: Buffer.concat(chunks) }, next: at }
}

function fields(lines: readonly string[]): Record<string, string> {
  const read: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    read[name] = name in read ? `${read[name]}, ${value}` : value
  }
  return read
}

function show(bytes: Buffer): string {
  return JSON.stringify(bytes.toString('latin1', 0, 200))
}
