/** The requests that are being answered: each has a signal, and a stop waits for them. */
import type { HttpResponse } from '../bindings/http/exchange.js'

export class OpenRequests {
  private readonly open = new Map<HttpResponse, AbortController>()
  private stopping = false
  private onIdle: (() => void) | undefined
  /** One function for all responses, which are its `this`: requests that stay open are many. */
  private readonly onClose: (this: HttpResponse) => void

  constructor() {
    const close = (res: HttpResponse) => this.close(res)
    this.onClose = function onClose() {
      close(this)
    }
  }

  get count(): number {
    return this.open.size
  }

  /** A signal that aborts when the peer goes before it is answered, or the server stops. */
  signalFor(res: HttpResponse): AbortSignal {
    const controller = new AbortController()
    if (this.stopping) controller.abort()
    this.open.set(res, controller)
    res.on('close', this.onClose)
    return controller.signal
  }

  private close(res: HttpResponse): void {
    const controller = this.open.get(res)
    if (controller === undefined) return
    this.open.delete(res)
    if (!res.writableFinished) controller.abort()
    if (this.open.size === 0) this.onIdle?.()
  }

  /** Tells all streams and all waiting calls to end now: they answer with what they have. */
  stop(): void {
    this.stopping = true
    for (const controller of this.open.values()) controller.abort()
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
