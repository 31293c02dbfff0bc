/** HTTP/2 frames by hand, for what no client library would send. */
import { connect, type Socket } from 'node:net'

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goaway: 7,
  window: 8,
  continuation: 9,
} as const

export const FLAG = { endStream: 1, endHeaders: 4, padded: 8, priority: 32 } as const

export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array,
  length = payload.length,
): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** Header fields without compression and without the table (RFC 7541, section 6.2.2). */
export function headerBlock(fields: readonly (readonly [string, string])[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]))
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1')
  // Seven bits, then seven bits at a time (RFC 7541, section 5.1).
  const length = [Math.min(bytes.length, 127)]
  for (let rest = bytes.length - 127; rest >= 0; rest = rest < 128 ? -1 : rest >>> 7) {
    length.push(rest < 128 ? rest : (rest & 127) | 128)
  }
  return Buffer.concat([Buffer.from(length), bytes])
}

export interface FramesHeard {
  /** Types of the frames that came, with their streams and payloads. */
  readonly frames: readonly {
    readonly type: number
    readonly flags: number
    readonly stream: number
    readonly payload: Buffer
  }[]
  readonly ended: boolean
}

/** Sends the bytes after a preface and empty settings, and hears until the connection ends or `enough` has come. */
export async function sendFrames(
  port: number,
  bytes: Buffer,
  enough: (heard: FramesHeard) => boolean,
  ms: number,
): Promise<FramesHeard> {
  const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let received = Buffer.alloc(0)
  let ended = false
  const heard = () => ({ frames: parse(received), ended })
  try {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      const done = () => {
        clearTimeout(timer)
        resolve()
      }
      socket.on('data', (chunk) => {
        received = Buffer.concat([received, chunk])
        if (enough(heard())) done()
      })
      socket.on('error', () => {})
      socket.on('close', () => {
        ended = true
        done()
      })
      socket.write(Buffer.concat([PREFACE, frame(FRAME.settings, 0, 0, Buffer.alloc(0)), bytes]))
    })
    return heard()
  } finally {
    socket.resetAndDestroy()
  }
}

function parse(bytes: Buffer): FramesHeard['frames'] {
  const frames: { type: number; flags: number; stream: number; payload: Buffer }[] = []
  for (let at = 0; at + 9 <= bytes.length; ) {
    const end = at + 9 + bytes.readUIntBE(at, 3)
    if (end > bytes.length) break
    frames.push({
      type: bytes[at + 3] ?? 0,
      flags: bytes[at + 4] ?? 0,
      stream: bytes.readUInt32BE(at + 5),
      payload: bytes.subarray(at + 9, end),
    })
    at = end
  }
  return frames
}
