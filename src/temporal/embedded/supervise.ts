/**
 * A dev server that is kept alive. Its owner starts it again when it dies. The others watch it too: when it is gone
 * and its owner as well, one of them becomes the owner and starts it, on the same port, so that nobody has to be told.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '../../internal/logger.js'
import { reasonOf } from '../../internal/reason-of.js'
import { leaveSeat, type Seat, type Seated, takeSeat } from './election.js'
import { TemporalStartError } from './errors.js'
import type { Executable } from './executable.js'
import { HOST, isListening } from './probe.js'
import { whenProcessEnds } from './process-end.js'
import { isRunning } from './process-info.js'
import { endServerWithoutWaiting, rotateLog } from './start.js'
import type { TemporalConnection, TemporalServer, TemporalSource, TemporalStatus } from './temporal-server.js'

const PROBE_MS = 1000
const LOG_CHECK_EVERY_PROBES = 60
const FIRST_BACKOFF_MS = 200
const LAST_BACKOFF_MS = 5000
/** A server that lived this long did not die of its start, so the next start may come soon again. */
const SETTLED_MS = 10_000

export interface SupervisedOptions {
  readonly seat: Seat
  readonly seated: Seated
  readonly source: TemporalSource
  /** Called when a server has to be started again; may take long the first time. */
  readonly findExecutable: (signal: AbortSignal) => Promise<Executable>
  /** The one that was started already. */
  readonly executable: Executable | undefined
}

export class SupervisedServer implements TemporalServer {
  readonly address: string
  readonly namespace: string
  readonly connection: TemporalConnection = {}
  readonly source: TemporalSource
  readonly secret: Uint8Array

  private readonly seat: Seat
  private readonly logger: Logger
  private readonly port: number
  private readonly findExecutable: (signal: AbortSignal) => Promise<Executable>
  private executable: Executable | undefined
  private seated: Seated
  private upSince = performance.now()
  private failures = 0
  private current: TemporalStatus = 'up'
  private readonly listeners = new Set<(status: TemporalStatus) => void>()
  private readonly ending = new AbortController()
  private wake: (() => void) | undefined
  private readonly stayWithProcess: () => void
  private readonly watching: Promise<void>
  private stopped: Promise<void> | undefined

  constructor(options: SupervisedOptions) {
    this.seat = options.seat
    this.logger = options.seat.logger
    this.findExecutable = options.findExecutable
    this.executable = options.executable
    this.seated = options.seated
    this.port = options.seated.port
    this.address = `${HOST}:${this.port}`
    this.namespace = options.seat.namespace
    this.source = options.source
    this.secret = options.seated.secret
    this.notice(options.seated)
    this.stayWithProcess = whenProcessEnds(() => this.endWithProcess())
    this.watching = this.watch()
  }

  status(): TemporalStatus {
    return this.current
  }

  onStatus(listener: (status: TemporalStatus) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  stop(): Promise<void> {
    this.stopped ??= this.end()
    return this.stopped
  }

  private async end(): Promise<void> {
    this.ending.abort(new Error('the Temporal server is being stopped'))
    this.wake?.()
    await this.watching
    this.listeners.clear()
    // Not only when we believe to be the owner: the state file knows better.
    await leaveSeat(this.seat)
    this.stayWithProcess()
  }

  /** A process that ends without `stop` still takes its server along, as far as that is possible without waiting. */
  private endWithProcess(): void {
    const { role, process } = this.seated
    if (role === 'owner' && process !== undefined) endServerWithoutWaiting(process, this.seat.databaseFile)
  }

  /** Never rejects. */
  private async watch(): Promise<void> {
    for (;;) {
      const change = await this.nextChange()
      if (change === 'ending') return
      if (change === 'gone') {
        const { started, process } = this.seated
        this.logger.warn(
          { address: this.address, pid: process?.pid, exit: started?.exit(), log: started?.lastWords() },
          'the Temporal server is gone',
        )
        if (performance.now() - this.upSince > SETTLED_MS) this.failures = 0
        this.setStatus('down')
      }
      await this.bringBack()
      if (this.ending.signal.aborted) return
      this.setStatus('up')
    }
  }

  private async nextChange(): Promise<'ending' | 'gone' | 'owner-gone'> {
    for (let probes = 1; ; probes += 1) {
      if (this.ending.signal.aborted) return 'ending'
      const { started, role, owner } = this.seated
      if (started?.exit() !== undefined || !(await isListening(this.port))) return 'gone'
      // Nobody would stop the server in the end if none of its users became its owner.
      if (role === 'user' && owner !== undefined && !isRunning(owner.pid)) return 'owner-gone'
      if (role === 'owner' && probes % LOG_CHECK_EVERY_PROBES === 0) rotateLog(this.seat.databaseFile)
      await this.pause(PROBE_MS)
    }
  }

  /** Comes back when there is a server again, whoever started it, or when stopping. */
  private async bringBack(): Promise<void> {
    const { signal } = this.ending
    for (;;) {
      const waitMs = Math.min(LAST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** this.failures)
      await this.pause(waitMs)
      if (signal.aborted) return
      try {
        const outcome = await takeSeat(this.seat, { executable: this.executable, port: this.port, signal })
        if (outcome.outcome === 'seated') {
          this.accept(outcome)
          return
        }
        this.setStatus('down') // its owner was gone, and now it turns out that it is gone as well
        if (outcome.outcome === 'needs-executable') this.executable = await this.findExecutable(signal)
        else this.logger.debug({ owner: outcome.pid }, 'waiting for the owner to start the Temporal server again')
      } catch (error) {
        if (signal.aborted) return
        this.setStatus('down')
        this.failures += 1
        this.executable = undefined // it may be the reason, and may have been replaced meanwhile
        const reason = reasonOf(error)
        this.logger.error({ address: this.address, failures: this.failures, reason }, 'no Temporal server yet')
      }
    }
  }

  private accept(seated: Seated): void {
    if (seated.port !== this.port) {
      throw new TemporalStartError(
        `the server of ${this.seat.databaseFile} now has port ${seated.port}; restart this process to use it`,
      )
    }
    this.seated = seated
    this.notice(seated)
    this.upSince = performance.now()
    // Counted even if it came up: one that dies right after its start must not be started five times a second.
    if (seated.how === 'started') this.failures += 1
    this.logger.info(
      { address: this.address, pid: seated.process?.pid, role: seated.role },
      `the Temporal server is ${seated.how === 'started' ? 'back' : seated.how}`,
    )
  }

  private notice(seated: Seated): void {
    seated.started?.onExit(() => this.wake?.())
  }

  private setStatus(status: TemporalStatus): void {
    if (status === this.current) return
    this.current = status
    for (const listener of this.listeners) {
      try {
        listener(status)
      } catch (error) {
        this.logger.error({ reason: reasonOf(error) }, 'a listener for the status of the Temporal server failed')
      }
    }
  }

  /** Ends early by `wake`. Keeps no process alive: who only watches has nothing to finish. */
  private async pause(ms: number): Promise<void> {
    const woken = new AbortController()
    this.wake = () => woken.abort()
    try {
      if (!this.ending.signal.aborted) await delay(ms, undefined, { ref: false, signal: woken.signal })
    } catch {
      // woken
    } finally {
      this.wake = undefined
    }
  }
}
