/**
 * Tasks that have begun, but may turn out to be answered with a Message, and so are not in the store yet. Nothing lists them
 * again when they become tasks, so the comparison comes back to them, and what it says to have compared ends before them: a
 * process that starts finds them too.
 */

/** More are found again by listing what has begun since. */
const MAX_UNDECIDED = 1_000

export class UndecidedTasks {
  /** When each has begun, milliseconds since 1970; the one that was looked at last comes last. */
  private readonly begun = new Map<string, number>()

  /** False when there are too many. */
  add(key: string, at: number): boolean {
    if (!this.begun.has(key) && this.begun.size >= MAX_UNDECIDED) return false
    this.begun.set(key, at)
    return true
  }

  delete(key: string): void {
    this.begun.delete(key)
  }

  /** So many to be looked at now, those that were not for longest. */
  take(count: number): { readonly key: string; readonly at: number }[] {
    const taken = [...this.begun].slice(0, count)
    for (const [key, at] of taken) {
      this.begun.delete(key)
      this.begun.set(key, at)
    }
    return taken.map(([key, at]) => ({ key, at }))
  }

  /** When the first of them has begun; infinity when there are none. */
  get first(): number {
    let first = Number.POSITIVE_INFINITY
    for (const at of this.begun.values()) first = Math.min(first, at)
    return first
  }
}
