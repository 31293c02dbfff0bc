/**
 * A TCP proxy that breaks connections on purpose: between any two processes, on loopback only, with bounded buffers.
 *
 * `a` is the side that connects, `b` the side that is connected to. What a fault holds back it holds in the sockets
 * themselves: they are paused, so that nothing piles up here.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

export type Direction = 'a-to-b' | 'b-to-a'
const DIRECTIONS: readonly Direction[] = ['a-to-b', 'b-to-a']

export interface Faults {
  /** Milliseconds that every piece of data waits, both ways. */
  latencyMs: number
  /** Bytes a second and direction; 0 is no limit. */
  bytesPerSecond: number
  /** Directions in which nothing passes: both are a black hole, one is a half-open link. */
  blocked: ReadonlySet<Direction>
  /** New connections: taken, taken and then left alone, or reset. */
  accept: 'forward' | 'hang' | 'reset'
  /** Resets a connection when this many bytes have passed from b to a; 0 is never. */
  cutAfterBytes: number
}

const HEALTHY: Faults = { latencyMs: 0, bytesPerSecond: 0, blocked: new Set(), accept: 'forward', cutAfterBytes: 0 }

export class FaultProxy {
  readonly port: number
  private readonly server: Server
  private readonly links = new Set<Link>()
  private readonly hanging = new Set<Socket>()
  private faults: Faults = HEALTHY
  private target: number

  private constructor(server: Server, target: number) {
    this.server = server
    this.target = target
    this.port = (server.address() as AddressInfo).port
    server.on('connection', (socket) => this.accept(socket))
  }

  /** @param target port on 127.0.0.1 */
  static async start(target: number): Promise<FaultProxy> {
    const server = createServer({ pauseOnConnect: true })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new FaultProxy(server, target)
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  get url(): string {
    return `http://${this.address}`
  }

  /** The other side, without the proxy between. */
  get targetUrl(): string {
    return `http://127.0.0.1:${this.target}`
  }

  /** Where new connections go from now on. */
  retarget(port: number): void {
    this.target = port
  }

  /** Breaks what is named; what is not named stays as it was. */
  set(faults: Partial<Faults>): void {
    this.faults = { ...this.faults, ...faults }
    for (const link of this.links) link.pump()
  }

  /** Nothing passes, nothing is refused: the other side looks dead. */
  blackhole(): void {
    this.set({ blocked: new Set(DIRECTIONS), accept: 'hang' })
  }

  /** As a network that loses its state: all connections are reset, new ones too until {@link heal}. */
  cut(): void {
    this.set({ accept: 'reset' })
    this.reset()
  }

  /** Resets all open connections. */
  reset(): void {
    for (const link of [...this.links]) link.reset()
    for (const socket of this.hanging) socket.resetAndDestroy()
    this.hanging.clear()
  }

  heal(): void {
    this.faults = HEALTHY
    for (const socket of this.hanging) this.forward(socket)
    this.hanging.clear()
    for (const link of this.links) link.pump()
  }

  get connections(): number {
    return this.links.size + this.hanging.size
  }

  async stop(): Promise<void> {
    this.reset()
    this.server.close()
    await once(this.server, 'close')
  }

  private accept(socket: Socket): void {
    socket.on('error', () => {})
    if (this.faults.accept === 'reset') {
      socket.resetAndDestroy()
    } else if (this.faults.accept === 'hang') {
      this.hanging.add(socket)
      socket.once('close', () => this.hanging.delete(socket))
    } else {
      this.forward(socket)
    }
  }

  private forward(a: Socket): void {
    const b = connect({ port: this.target, host: '127.0.0.1' })
    const link = new Link(a, b, () => this.faults)
    this.links.add(link)
    link.onEnd = () => this.links.delete(link)
  }
}

/** One connection through the proxy. */
class Link {
  onEnd: () => void = () => {}
  private readonly a: Socket
  private readonly b: Socket
  private readonly faults: () => Faults
  private readonly pipes: readonly Pipe[]
  private ended = false

  constructor(a: Socket, b: Socket, faults: () => Faults) {
    this.a = a
    this.b = b
    this.faults = faults
    const cutAfter = () => {
      const limit = faults().cutAfterBytes
      if (limit > 0 && (this.pipes[1]?.passed ?? 0) >= limit) this.reset()
    }
    this.pipes = [
      new Pipe(
        a,
        b,
        () => this.rules('a-to-b'),
        () => {},
      ),
      new Pipe(b, a, () => this.rules('b-to-a'), cutAfter),
    ]
    for (const socket of [a, b]) {
      socket.setNoDelay(true)
      socket.on('error', () => this.reset())
      socket.on('close', (failed) => {
        if (failed || (a.destroyed && b.destroyed)) this.reset()
      })
    }
    this.pump()
  }

  pump(): void {
    for (const pipe of this.pipes) pipe.pump()
  }

  reset(): void {
    if (this.ended) return
    this.ended = true
    for (const pipe of this.pipes) pipe.stop()
    for (const socket of [this.a, this.b]) if (!socket.destroyed) socket.resetAndDestroy()
    this.onEnd()
  }

  private rules(direction: Direction): Rules {
    const { latencyMs, bytesPerSecond, blocked } = this.faults()
    return { latencyMs, bytesPerSecond, blocked: blocked.has(direction) }
  }
}

interface Rules {
  readonly latencyMs: number
  readonly bytesPerSecond: number
  readonly blocked: boolean
}

/** Bytes that wait for their time in one direction before the source is paused. */
const MAX_HELD_BYTES = 1_048_576

/** One direction: what comes in waits for its time, in order, and goes out. */
class Pipe {
  passed = 0
  private readonly from: Socket
  private readonly to: Socket
  private readonly rules: () => Rules
  private readonly onPassed: () => void
  private readonly held: { readonly data: Buffer | undefined; readonly due: number }[] = []
  private heldBytes = 0
  private freeAt = 0
  private timer: ReturnType<typeof setTimeout> | undefined
  private stopped = false

  constructor(from: Socket, to: Socket, rules: () => Rules, onPassed: () => void) {
    this.from = from
    this.to = to
    this.rules = rules
    this.onPassed = onPassed
    from.on('data', (data) => this.take(data as Buffer))
    from.on('end', () => this.take(undefined))
    to.on('drain', () => this.pump())
    from.resume()
  }

  /** @param data undefined at the end */
  private take(data: Buffer | undefined): void {
    const { latencyMs, bytesPerSecond } = this.rules()
    const size = data?.length ?? 0
    const now = performance.now()
    this.freeAt = Math.max(this.freeAt, now) + (bytesPerSecond === 0 ? 0 : (size / bytesPerSecond) * 1000)
    this.held.push({ data, due: Math.max(now + latencyMs, bytesPerSecond === 0 ? 0 : this.freeAt) })
    this.heldBytes += size
    if (this.heldBytes > MAX_HELD_BYTES) this.from.pause()
    this.pump()
  }

  pump(): void {
    clearTimeout(this.timer)
    if (this.stopped) return
    if (this.rules().blocked) {
      if (this.heldBytes > MAX_HELD_BYTES) this.from.pause()
      return
    }
    while (this.held.length > 0 && !this.to.writableNeedDrain) {
      const next = this.held[0]
      if (next === undefined) break
      const waitMs = next.due - performance.now()
      if (waitMs > 0) {
        this.timer = setTimeout(() => this.pump(), waitMs)
        return
      }
      this.held.shift()
      if (next.data === undefined) {
        this.to.end()
      } else {
        this.heldBytes -= next.data.length
        this.passed += next.data.length
        this.to.write(next.data)
        this.onPassed()
        if (this.stopped) return
      }
    }
    if (this.heldBytes <= MAX_HELD_BYTES && this.from.isPaused()) this.from.resume()
  }

  stop(): void {
    this.stopped = true
    clearTimeout(this.timer)
    this.held.length = 0
  }
}
