/**
 * A bounded queue between one writer that must never wait and one reader that may be slow.
 *
 * The reader iterates it. When the bound is reached the queue is closed with `overflow` in place of growing: what
 * happens to a slow reader is the reader's business, never the writer's.
 */

/** Why a queue ended. `overflow`: the reader fell too far behind. */
export type QueueEnd = 'closed' | 'overflow'

export class BoundedQueue<T> implements AsyncIterableIterator<T, QueueEnd, undefined> {
  private items: T[] = []
  private head = 0
  private size = 0
  private ended: QueueEnd | undefined
  private wake: (() => void) | undefined
  private nudged = false
  private readonly maxItems: number
  private readonly maxSize: number
  private readonly sizeOf: (item: T) => number

  /**
   * @param maxItems how many items may wait
   * @param maxSize what their sizes may sum up to, in the unit of `sizeOf` (bytes, for events)
   */
  constructor(maxItems: number, maxSize = Number.POSITIVE_INFINITY, sizeOf: (item: T) => number = () => 0) {
    this.maxItems = maxItems
    this.maxSize = maxSize
    this.sizeOf = sizeOf
  }

  /** False when the queue has ended, also by this very item. Never waits. */
  push(item: T): boolean {
    if (this.ended !== undefined) return false
    const size = this.sizeOf(item)
    if (this.items.length - this.head >= this.maxItems || (this.size > 0 && this.size + size > this.maxSize)) {
      this.end('overflow')
      return false
    }
    this.items.push(item)
    this.size += size
    this.rouse()
    return true
  }

  /** Ends the queue; what already waits in it is still read, unless it ended by overflow. */
  close(): void {
    this.end('closed')
  }

  /** Takes items again after an overflow: what was lost has to be found elsewhere. False when it was closed. */
  reopen(): boolean {
    if (this.ended !== 'overflow') return false
    this.ended = undefined
    return true
  }

  /** The next item, at once, or undefined when none waits. */
  poll(): T | undefined {
    if (this.head >= this.items.length) return undefined
    const item = this.items[this.head] as T
    this.items[this.head] = undefined as T
    this.head += 1
    if (this.head > 64 && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head)
      this.head = 0
    }
    this.size -= this.sizeOf(item)
    return item
  }

  /**
   * Resolves as soon as there is something to read, the queue has ended, or it was nudged. At most one reader may wait.
   */
  readable(): Promise<void> {
    if (this.head < this.items.length || this.ended !== undefined) return Promise.resolve()
    if (this.nudged) {
      this.nudged = false
      return Promise.resolve()
    }
    return new Promise<void>((resolve) => {
      this.wake = resolve
    })
  }

  /** Wakes the reader without an item: something may have been lost on the way to this queue. */
  nudge(): void {
    if (this.wake === undefined) this.nudged = true
    else this.rouse()
  }

  get isEmpty(): boolean {
    return this.head >= this.items.length
  }

  /** How it ended, or undefined while it is open or has unread items. */
  get outcome(): QueueEnd | undefined {
    return this.head < this.items.length ? undefined : this.ended
  }

  async next(): Promise<IteratorResult<T, QueueEnd>> {
    while (this.isEmpty && this.ended === undefined) await this.readable()
    const item = this.poll()
    return item === undefined ? { done: true, value: this.ended ?? 'closed' } : { done: false, value: item }
  }

  async return(): Promise<IteratorResult<T, QueueEnd>> {
    this.close()
    return { done: true, value: 'closed' }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  private end(how: QueueEnd): void {
    if (this.ended !== undefined) return
    this.ended = how
    if (how === 'overflow') {
      this.items = []
      this.head = 0
      this.size = 0
    }
    this.rouse()
  }

  private rouse(): void {
    const { wake } = this
    this.wake = undefined
    wake?.()
  }
}
