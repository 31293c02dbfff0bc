/** The requests that are being answered: each has a signal, and a stop waits for them. */
import type { HttpResponse } from '../bindings/http/exchange.js'

export class OpenRequests {
  private readonly open = new Set<AbortController>()
  private stopping = false
  private onIdle: (() => void) | undefined

  get count(): number {
    return this.open.size
  }

  /** A signal that aborts when the peer goes before it is answered, or the server stops. */
  signalFor(res: HttpResponse): AbortSignal {
    const controller = new AbortController()
    if (this.stopping) controller.abort()
    this.open.add(controller)
    res.once('close', () => {
      this.open.delete(controller)
      if (!res.writableFinished) controller.abort()
      if (this.open.size === 0) this.onIdle?.()
    })
    return controller.signal
  }

  /** Tells all streams and all waiting calls to end now: they answer with what they have. */
  stop(): void {
    this.stopping = true
    for (const controller of this.open) controller.abort()
  }

  /** Resolves when all are answered, or after `ms`. */
  async idle(ms: number): Promise<void> {
    if (this.open.size === 0) return
    let timer: ReturnType<typeof setTimeout> | undefined
    await new Promise<void>((resolve) => {
      this.onIdle = resolve
      timer = setTimeout(resolve, ms)
    })
    clearTimeout(timer)
  }
}
