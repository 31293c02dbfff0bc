/** Writes a stream at the pace of its reader. One that takes nothing for too long is cut off; it can come back. */
import type { ServerResponse } from 'node:http'
import type { HttpResponse } from './exchange.js'

/** HTTP/2 error code CANCEL. */
const CANCEL = 8

export interface PacedLimits {
  /** How long the reader may take nothing, in milliseconds. */
  readonly stallMs: number
  /** Bytes that may wait for the reader. Default: what Node holds by itself. */
  readonly bufferBytes?: number
}

export class PacedWriter {
  private readonly res: HttpResponse
  private readonly stallMs: number
  private readonly bufferBytes: number | undefined
  private waiting = 0
  private wake: (() => void) | undefined
  private closed = false
  private readonly stream: { left(): void } | undefined

  /** @param stream told once when the reader has gone or was cut off */
  constructor(res: HttpResponse, { stallMs, bufferBytes }: PacedLimits, stream?: { left(): void }) {
    this.res = res
    this.stream = stream
    this.stallMs = stallMs
    this.bufferBytes = bufferBytes
    res.on('close', this.onClose)
    res.on('error', this.onClose)
    res.on('drain', this.onDrain)
  }

  /** The reader has gone, or was cut off. */
  get gone(): boolean {
    return this.closed
  }

  /** True while what was written before still waits for the reader. */
  get blocked(): boolean {
    return this.wake !== undefined
  }

  /** A promise when the reader has to catch up first: it resolves when more may be written or the reader has gone. */
  write(data: string | Uint8Array): Promise<void> | undefined {
    if (this.closed || this.send(data)) return undefined
    return new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.cut(), this.stallMs)
      this.wake = () => {
        clearTimeout(timer)
        this.wake = undefined
        resolve()
      }
      if (this.closed) this.wake()
    })
  }

  /** True when more may be written at once. */
  private send(data: string | Uint8Array): boolean {
    const res = this.res as ServerResponse
    if (this.bufferBytes === undefined) return res.write(data)
    const bytes = Buffer.byteLength(data)
    this.waiting += bytes
    res.write(data, () => {
      this.waiting -= bytes
      if (this.waiting <= (this.bufferBytes ?? 0)) this.wake?.()
    })
    return this.waiting <= this.bufferBytes
  }

  /** Stops listening to the response. */
  release(): void {
    this.res.off('drain', this.onDrain)
    this.wake?.()
  }

  private readonly onClose = () => {
    if (this.closed) return
    this.closed = true
    this.wake?.()
    this.stream?.left()
  }

  private readonly onDrain = () => {
    if (this.bufferBytes === undefined) this.wake?.()
  }

  private cut(): void {
    if ('stream' in this.res) this.res.stream.close(CANCEL)
    else this.res.destroy()
    this.onClose()
  }
}
