/** Something that is open for each key that is held, and for a while after it was released. */
export class Lingering {
  private readonly open: (key: string) => () => void
  private readonly ms: number
  private readonly max: number
  /** Those that were released longest ago come first. */
  private readonly entries = new Map<string, { holders: number; timer?: NodeJS.Timeout; readonly close: () => void }>()

  /**
   * @param ms how long a key stays open after its last release
   * @param max how many keys may be open; those that were released longest ago are closed first
   */
  constructor(open: (key: string) => () => void, ms: number, max: number) {
    this.open = open
    this.ms = ms
    this.max = max
  }

  /** Returns the release; it may be called again. */
  hold(key: string): () => void {
    const entry = this.entries.get(key) ?? { holders: 0, close: this.open(key) }
    clearTimeout(entry.timer)
    entry.holders += 1
    this.entries.set(key, entry)
    let held = true
    return () => {
      if (!held) return
      held = false
      entry.holders -= 1
      if (entry.holders > 0 || this.entries.get(key) !== entry) return
      entry.timer = setTimeout(() => this.end(key), this.ms).unref()
      this.entries.delete(key)
      this.entries.set(key, entry)
      this.shrink()
    }
  }

  get size(): number {
    return this.entries.size
  }

  close(): void {
    for (const key of [...this.entries.keys()]) this.end(key)
  }

  private shrink(): void {
    for (const [key, { holders }] of this.entries) {
      if (this.entries.size <= this.max) return
      if (holders === 0) this.end(key)
    }
  }

  private end(key: string): void {
    const entry = this.entries.get(key)
    if (entry === undefined) return
    clearTimeout(entry.timer)
    this.entries.delete(key)
    entry.close()
  }
}
