/** The event bus that an executor of `@a2a-js/sdk` publishes on, read by the turn that runs it. */
import type { AgentExecutionEvent, ExecutionEventBus } from '@a2a-js/sdk/server'

type EventListener = (event: AgentExecutionEvent) => void
type FinishedListener = () => void
type Listener = { readonly name: string; readonly given: unknown; readonly call: (event: unknown) => void }

/** Events that may wait for the turn; an executor publishes without waiting. */
const MAX_WAITING = 100_000

export class TurnEventBus implements ExecutionEventBus {
  private listeners: Listener[] = []
  private waiting: AgentExecutionEvent[] = []
  private over = false
  private error: unknown
  private wake: () => void = () => {}

  /** @throws RangeError the executor publishes faster than events can be shown */
  publish(event: AgentExecutionEvent): void {
    if (this.over) return
    if (this.waiting.length >= MAX_WAITING) throw new RangeError(`${MAX_WAITING} events wait to be shown`)
    this.waiting.push(event)
    this.wake()
    this.tell('event', event)
  }

  /** No event follows: the executor says so, or has returned. */
  finished(): void {
    if (this.over) return
    this.over = true
    this.wake()
    this.tell('finished', undefined)
  }

  /** The executor has thrown. What it had published is read first. */
  fail(error: unknown): void {
    if (this.over) return
    this.error = error
    this.finished()
  }

  /** Whether the executor has said everything. */
  get isFinished(): boolean {
    return this.over
  }

  /** @throws what the executor has thrown, after its last event */
  async *events(): AsyncGenerator<AgentExecutionEvent, void, undefined> {
    for (;;) {
      const batch = this.waiting
      this.waiting = []
      yield* batch
      if (this.waiting.length > 0) continue
      if (this.over) break
      await new Promise<void>((resolve) => {
        this.wake = resolve
      })
    }
    if (this.error !== undefined) throw this.error
  }

  on(eventName: 'event', listener: EventListener): this
  on(eventName: 'finished', listener: FinishedListener): this
  on(name: string, given: EventListener | FinishedListener): this {
    this.listeners = [...this.listeners, { name, given, call: given as Listener['call'] }]
    return this
  }

  once(eventName: 'event', listener: EventListener): this
  once(eventName: 'finished', listener: FinishedListener): this
  once(name: string, given: EventListener | FinishedListener): this {
    const call = (event: unknown) => {
      this.listeners = this.listeners.filter((each) => each.call !== call)
      ;(given as Listener['call'])(event)
    }
    this.listeners = [...this.listeners, { name, given, call }]
    return this
  }

  off(eventName: 'event', listener: EventListener): this
  off(eventName: 'finished', listener: FinishedListener): this
  off(name: string, given: EventListener | FinishedListener): this {
    this.listeners = this.listeners.filter((each) => each.name !== name || each.given !== given)
    return this
  }

  removeAllListeners(eventName?: 'event' | 'finished'): this {
    this.listeners = eventName === undefined ? [] : this.listeners.filter(({ name }) => name !== eventName)
    return this
  }

  private tell(name: string, event: unknown): void {
    for (const each of this.listeners) if (each.name === name) each.call(event)
  }
}
