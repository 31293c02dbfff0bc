/** Every limit of the server with its default; the names carry the unit. One table, so that one place says them all. */
import type { RpcLimits } from '../bindings/connect/unary.js'
import type { BindingLimits } from '../bindings/http/call.js'
import type { ServiceLimits } from '../service/ports.js'

/** Every bound of the server, with its unit in its name. */
export interface ServerLimits extends BindingLimits, RpcLimits, ServiceLimits {
  /** Open connections. */
  readonly maxConnections: number
  /** Bytes of a request's headers. */
  readonly maxHeaderBytes: number
  /** Milliseconds in which a request's headers have to arrive, and before them the handshake of TLS. */
  readonly headersTimeoutMs: number
  /** Milliseconds that a connection without a request is kept; above the idle time of usual load balancers. */
  readonly keepAliveMs: number
  /** Milliseconds that finding out who calls may take. */
  readonly authenticateMs: number
  /** Streams that one authenticated caller may have open, over all its connections to this process. */
  readonly maxStreamsPerCaller: number
  /** Streams on one HTTP/2 connection. */
  readonly maxStreamsPerConnection: number
  /** Megabytes that one HTTP/2 connection may use. */
  readonly maxSessionMemoryMb: number
  /** HTTP/2 resets that a peer may send in a burst, and per second after it. */
  readonly streamResetBurst: number
  readonly streamResetRate: number
  /** Milliseconds between HTTP/2 pings, and how long their answer may take. */
  readonly pingMs: number
  readonly pingTimeoutMs: number
  /** Milliseconds between saying that it is not ready and the stop itself, in which everything is still served. */
  readonly lameDuckMs: number
  /** Milliseconds that a stop waits for running answers. */
  readonly drainMs: number
}

/** The limits that hold when no other is given. */
export const DEFAULT_LIMITS: ServerLimits = {
  maxBodyBytes: 4_194_304,
  bodyTimeoutMs: 30_000,
  maxMessageBytes: 4_194_304,
  maxAnswerBytes: 167_772_160,
  maxConnections: 10_000,
  maxHeaderBytes: 32_768,
  headersTimeoutMs: 10_000,
  keepAliveMs: 75_000,
  authenticateMs: 10_000,
  maxStreamsPerCaller: 1_000,
  maxStreamsPerConnection: 1_000,
  maxSessionMemoryMb: 50,
  streamResetBurst: 1_000,
  streamResetRate: 33,
  pingMs: 15_000,
  pingTimeoutMs: 5_000,
  heartbeatMs: 15_000,
  maxStreamMs: 3_600_000,
  stallMs: 30_000,
  blockingMs: 300_000,
  pageTokenMs: 3_600_000,
  lameDuckMs: 0,
  drainMs: 2_000,
}

/** Only of these 0 makes sense: nothing is waited for. */
const MAY_BE_ZERO: ReadonlySet<string> = new Set(['lameDuckMs', 'drainMs'])
/** What Node's timers and the settings of HTTP/2 can hold. */
const MAX_NUMBER = 2_147_483_647

/**
 * All limits: those that are given, and the defaults for the others and for what is undefined.
 *
 * @throws TypeError an unknown name, or a value that is no whole number in the bounds of its limit; the text names it
 */
export function checkLimits(given: Partial<ServerLimits> = {}): ServerLimits {
  const checked: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(given as Record<string, unknown>)) {
    if (!Object.hasOwn(DEFAULT_LIMITS, name)) {
      throw new TypeError(`limits.${name} is no limit; there are ${Object.keys(DEFAULT_LIMITS).join(', ')}`)
    }
    if (value === undefined) continue
    const least = MAY_BE_ZERO.has(name) ? 0 : 1
    const most = name.endsWith('Bytes') ? Number.MAX_SAFE_INTEGER : MAX_NUMBER
    if (!Number.isSafeInteger(value) || Number(value) < least || Number(value) > most) {
      throw new TypeError(`limits.${name} must be a whole number from ${least} to ${most}`)
    }
    checked[name] = value
  }
  return { ...DEFAULT_LIMITS, ...checked }
}
