/** Many open streams, by bare sockets and bare HTTP/2: a client that did more would be slower than what it measures. */
import { once } from 'node:events'
import http2 from 'node:http2'
import net from 'node:net'

export interface OpenStreams {
  /** Resolves when the server has ended them all. */
  readonly ended: Promise<unknown>
  close(): Promise<void>
}

/** Connections that are being opened at once. */
const AT_ONCE = 50
/** Streams of one HTTP/2 connection. */
const PER_SESSION = 100
/** How long the first event of a stream may take, in milliseconds. */
const FIRST_MS = 60_000

/**
 * Event streams over HTTP/1.1, a connection each. Resolves when every one has shown its first event.
 *
 * @param onData called with everything that comes, and the number of the stream
 */
export async function openSse(options: {
  port: number
  path: string
  count: number
  onData?: (data: Buffer, stream: number) => void
}): Promise<OpenStreams> {
  const { port, path, count, onData } = options
  const head = `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\naccept: text/event-stream\r\na2a-version: 1.0\r\n\r\n`
  const sockets: net.Socket[] = []
  const ended: Promise<unknown>[] = []
  const open = async (stream: number) => {
    const socket = net.connect(port, '127.0.0.1')
    sockets.push(socket)
    socket.write(head)
    let seen = ''
    await within(
      new Promise<void>((resolve, reject) => {
        socket.once('error', reject)
        socket.once('close', () => reject(new Error(`closed before its first event: ${seen}`)))
        const first = (data: Buffer) => {
          seen += data.toString()
          if (!seen.includes('data: ')) return
          socket.off('data', first)
          if (seen.startsWith('HTTP/1.1 200')) resolve()
          else reject(new Error(seen))
        }
        socket.on('data', first)
        if (onData !== undefined) socket.on('data', (data: Buffer) => onData(data, stream))
      }),
    )
    socket.on('error', () => {})
    socket.resume()
    // The chunk of length 0 ends the answer; the connection itself is kept open for the next request.
    ended.push(
      new Promise<void>((resolve) => {
        socket.on('data', (data: Buffer) => {
          if (data.subarray(-5).equals(END)) resolve()
        })
        socket.once('close', () => resolve())
      }),
    )
  }
  await inLanes(count, open)
  return {
    ended: Promise.all(ended),
    async close() {
      await Promise.all(sockets.map((socket) => closing(socket)))
    },
  }
}

const END = Buffer.from('0\r\n\r\n')

/** Streams over Connect in binary on HTTP/2. Resolves when every one has shown its first message. */
export async function openConnect(options: {
  port: number
  path: string
  message: Uint8Array
  count: number
}): Promise<OpenStreams> {
  const { port, path, message, count } = options
  const frame = Buffer.alloc(5 + message.length)
  frame.writeUInt32BE(message.length, 1)
  frame.set(message, 5)
  const headers = {
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/connect+proto',
    'connect-protocol-version': '1',
    'a2a-version': '1.0',
  }
  const sessions = Array.from({ length: Math.ceil(count / PER_SESSION) }, () =>
    http2.connect(`http://127.0.0.1:${port}`),
  )
  const ended: Promise<unknown>[] = []
  const open = async (i: number) => {
    const stream = (sessions[Math.floor(i / PER_SESSION)] as http2.ClientHttp2Session).request(headers)
    stream.end(frame)
    const answered = once(stream, 'response')
    const spoke = once(stream, 'data')
    const [[head], [data]] = (await within(Promise.all([answered, spoke]))) as [
      [http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader],
      [Buffer],
    ]
    // A frame whose first bit is set ends the stream, with an error here.
    if (head[':status'] !== 200 || ((data[0] ?? 0) & 2) !== 0) throw new Error(`not a stream: ${data.toString()}`)
    stream.on('error', () => {})
    stream.resume()
    ended.push(once(stream, 'close'))
  }
  await inLanes(count, open)
  return {
    ended: Promise.all(ended),
    async close() {
      await Promise.all(sessions.map((session) => closing(session)))
    },
  }
}

async function closing(connection: net.Socket | http2.ClientHttp2Session): Promise<void> {
  if (connection.destroyed) return
  const closed = once(connection, 'close')
  connection.destroy()
  await closed
}

async function inLanes(count: number, open: (i: number) => Promise<void>): Promise<void> {
  let next = 0
  const lane = async () => {
    while (next < count) await open(next++)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
}

async function within<T>(work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no event within ${FIRST_MS} ms`)), FIRST_MS)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
