/**
 * A connection to NATS that comes back by itself, forever, and says whether it is there. What is published while it is not
 * is dropped, not kept: readers find it by looking. Subscriptions hold across connections.
 */
import { AuthorizationError, connect, type Msg, type NatsConnection, type Subscription } from '@nats-io/transport-node'
import { onAbort, sleep, withDeadline } from '../../internal/abort.js'
import type { Logger } from '../../internal/logger.js'
import { NatsConfigError } from './nats-config-error.js'
import { connectionOptions, type NatsOptions, retryMs } from './options.js'

/** Bytes that may be on their way to the server; what would come on top is dropped. */
const MAX_PENDING_BYTES = 8 * 1024 * 1024
/** Bytes after which the server is asked whether it has read everything up to there. */
const FLUSH_BYTES = 256 * 1024
/** How long a start waits for the first connection, in milliseconds. */
const FIRST_CONNECT_MS = 3_000
/** How long a stop waits for what is on its way, in milliseconds. */
const CLOSE_MS = 1_000
/** Bytes of a message besides its payload: subjects, and what the protocol adds. */
const OVERHEAD_BYTES = 512

/** `dropped`: not connected, or the server does not keep up. `too-large`: more than it takes in one message. */
export type Sent = 'sent' | 'dropped' | 'too-large'

interface Interest {
  readonly subject: string
  readonly onMessage: (message: Msg) => void
  subscription: Subscription | undefined
}

export interface LinkOptions {
  readonly nats: NatsOptions
  readonly logger: Logger
  /** The connection was lost, or is back: messages may have been missed. */
  onChange(connected: boolean): void
}

export class NatsLink {
  private readonly options: LinkOptions
  private readonly interests = new Set<Interest>()
  private readonly stopping = new AbortController()
  private connection: NatsConnection | undefined
  private pendingBytes = 0
  private unflushedBytes = 0
  private running: Promise<void> = Promise.resolve()
  connected = false

  private constructor(options: LinkOptions) {
    this.options = options
  }

  /**
   * Connects. A server that is away is no error: it is tried again and again in the background.
   *
   * @throws NatsConfigError the options make no sense, or the server refuses the credentials
   */
  static async open(options: LinkOptions): Promise<NatsLink> {
    const link = new NatsLink(options)
    const first = link.attempt()
    const outcome = await withDeadline(first, FIRST_CONNECT_MS, 'connecting to NATS').catch((error: unknown) => error)
    if (isConfigError(outcome)) throw refused(outcome)
    if (outcome instanceof Error) {
      options.logger.warn(
        { reason: outcome.message },
        'NATS is not reachable: streams go at the pace of the poll until it is',
      )
    }
    link.running = link.run(first.catch(() => undefined))
    return link
  }

  /** Bytes that one message may have; 0 without a connection. */
  get maxPayload(): number {
    return Math.max(0, (this.connection?.info?.max_payload ?? 0) - OVERHEAD_BYTES)
  }

  /** Never waits, never throws. */
  publish(subject: string, payload: Uint8Array, reply?: string): Sent {
    const { connection } = this
    if (connection === undefined || !this.connected) return 'dropped'
    if (payload.length > this.maxPayload) return 'too-large'
    if (this.pendingBytes + payload.length > MAX_PENDING_BYTES) return 'dropped'
    try {
      connection.publish(subject, payload, reply === undefined ? {} : { reply })
    } catch (error) {
      this.options.logger.debug({ reason: messageOf(error) }, 'NATS did not take a message')
      return 'dropped'
    }
    this.count(connection, payload.length)
    return 'sent'
  }

  /** The answer; undefined when nobody answers in time or is there to answer. */
  async request(subject: string, payload: Uint8Array, timeoutMs: number): Promise<Uint8Array | undefined> {
    const { connection } = this
    if (connection === undefined || !this.connected || this.stopping.signal.aborted) return undefined
    try {
      return (await connection.request(subject, payload, { timeout: timeoutMs })).data
    } catch {
      return undefined
    }
  }

  /** Returns the way to end it. */
  subscribe(subject: string, onMessage: (message: Msg) => void): () => void {
    const interest: Interest = { subject, onMessage, subscription: undefined }
    this.interests.add(interest)
    if (this.connection !== undefined) this.listen(this.connection, interest)
    return () => {
      this.interests.delete(interest)
      interest.subscription?.unsubscribe()
    }
  }

  async close(): Promise<void> {
    const { connection } = this
    // What was published last is often the end that readers elsewhere wait for.
    if (this.connected && connection !== undefined) {
      await withDeadline(connection.flush(), CLOSE_MS, 'flushing NATS').catch(() => {})
    }
    this.stopping.abort()
    this.connected = false
    await withDeadline(this.running, CLOSE_MS, 'closing NATS').catch(() => {})
  }

  private async attempt(): Promise<NatsConnection> {
    let failures = 0
    const options = connectionOptions(this.options.nats)
    return connect({
      ...options,
      reconnectDelayHandler: () => {
        failures = this.connected ? 0 : failures + 1
        return retryMs(failures)
      },
    })
  }

  /** Holds a connection until it is closed for good, then makes the next one. */
  private async run(first: Promise<NatsConnection | undefined>): Promise<void> {
    const { signal } = this.stopping
    let attempt = first
    for (let failures = 0; ; ) {
      const connection = await attempt
      if (connection !== undefined) {
        failures = 0
        await this.hold(connection)
      }
      if (signal.aborted) return
      await sleep(retryMs(failures), signal, 'background')
      if (signal.aborted) return
      failures += 1
      attempt = this.attempt().catch((error: unknown) => {
        this.options.logger.debug({ reason: messageOf(error) }, 'NATS is not reachable')
        return undefined
      })
    }
  }

  private async hold(connection: NatsConnection): Promise<void> {
    const off = onAbort(this.stopping.signal, () => void connection.close())
    if (!this.stopping.signal.aborted) {
      this.connection = connection
      for (const interest of this.interests) this.listen(connection, interest)
      this.set(true)
    }
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') this.set(false)
      // The client library would wait for such a server to take what is on its way, which it may never do.
      else if (status.type === 'staleConnection') void connection.close()
      else if (status.type === 'reconnect') this.set(true)
      else if (status.type === 'error')
        this.options.logger.warn({ reason: status.error.message }, 'NATS refuses something')
    }
    off()
    this.connection = undefined
    this.set(false)
  }

  private listen(connection: NatsConnection, interest: Interest): void {
    interest.subscription = connection.subscribe(interest.subject, {
      callback: (error, message) => {
        if (error !== null) this.options.logger.warn({ reason: error.message }, 'NATS refuses a subscription')
        else interest.onMessage(message)
      },
    })
  }

  private set(connected: boolean): void {
    if (connected === this.connected) return
    this.connected = connected && !this.stopping.signal.aborted
    this.pendingBytes = 0
    this.unflushedBytes = 0
    if (this.stopping.signal.aborted) return
    if (connected) this.options.logger.info({}, 'NATS is reachable')
    else this.options.logger.warn({}, 'NATS is not reachable: streams go at the pace of the poll until it is')
    this.options.onChange(connected)
  }

  /** Knows what the server has not read yet, which the client library does not tell: a pong says that it has. */
  private count(connection: NatsConnection, bytes: number): void {
    this.pendingBytes += bytes
    this.unflushedBytes += bytes
    if (this.unflushedBytes < FLUSH_BYTES) return
    const upTo = this.unflushedBytes
    this.unflushedBytes = 0
    connection.flush().then(
      () => {
        this.pendingBytes = Math.max(0, this.pendingBytes - upTo)
      },
      () => {},
    )
  }
}

function isConfigError(error: unknown): error is Error {
  return error instanceof NatsConfigError || error instanceof AuthorizationError
}

function refused(error: Error): NatsConfigError {
  return error instanceof NatsConfigError ? error : new NatsConfigError(`NATS cannot be used: ${error.message}`)
}

/** Errors of TLS carry whole certificates, which are no use in a log. */
function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
