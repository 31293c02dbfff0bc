/** Watches whether the Temporal server answers, so that calls fail at once while it does not and work again by themselves. */
import { type Reachability, ServerGoneError } from './deadline.js'

export interface ReachabilityOptions {
  /** Resolves when the server answers. */
  probe(): Promise<void>
  onChange(up: boolean): void
  /** Milliseconds between two probes while the server is up, and while it is gone. Default 1000 and 250. */
  readonly upMs?: number
  readonly downMs?: number
  /** The longest a probe may take, in milliseconds. Default 1000. */
  readonly probeMs?: number
}

export class ReachabilityWatch implements Reachability {
  up = true
  private readonly options: ReachabilityOptions
  private timer: ReturnType<typeof setTimeout> | undefined
  private readonly listeners = new Set<(error: ServerGoneError) => void>()
  private probing = false
  private closed = false

  constructor(options: ReachabilityOptions) {
    this.options = options
    this.schedule()
  }

  onGone(listener: (error: ServerGoneError) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  suspect(): void {
    if (this.probing || this.closed) return
    clearTimeout(this.timer)
    void this.look()
  }

  /** Somebody knows for sure, such as the one who supervises the server. */
  report(up: boolean): void {
    if (up) {
      this.suspect()
    } else {
      this.set(false)
      this.schedule()
    }
  }

  close(): void {
    this.closed = true
    clearTimeout(this.timer)
  }

  private schedule(): void {
    clearTimeout(this.timer)
    if (this.closed) return
    const ms = this.up ? (this.options.upMs ?? 1000) : (this.options.downMs ?? 250)
    this.timer = setTimeout(() => void this.look(), ms)
    this.timer.unref()
  }

  private async look(): Promise<void> {
    this.probing = true
    try {
      await Promise.race([this.options.probe(), tooLong(this.options.probeMs ?? 1000)])
      this.set(true)
    } catch {
      this.set(false)
    } finally {
      this.probing = false
      this.schedule()
    }
  }

  private set(up: boolean): void {
    if (up === this.up || this.closed) return
    this.up = up
    if (!up) {
      const listeners = [...this.listeners]
      this.listeners.clear()
      for (const listener of listeners) listener(new ServerGoneError())
    }
    this.options.onChange(up)
  }
}

function tooLong(ms: number): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new ServerGoneError()), ms).unref()
  })
}
