/** What a handler gives, one result after the other, whether it is a function or a generator. */
import type { A2AError } from '../a2a/errors.js'
import { onAbort } from '../internal/abort.js'
import { TurnStopped } from './agent-context.js'
import type { Handler } from './agent-definition.js'
import { resultProblem } from './check-result.js'
import { handlerFault } from './handler-fault.js'
import { type EndResult, type Result, TAG, type TaggedResult, toResult } from './result.js'

export interface HandlerHost {
  /** Aborts with a {@link TurnStopped}. */
  readonly signal: AbortSignal
  /** How long a handler may go on after the signal, in milliseconds; then it is left alone and no longer heard. */
  readonly graceMs: number
  /** Lets other work of the process run, called now and then while a handler gives results without pause. */
  breathe(): Promise<void>
}

/** @param last nothing follows: the handler has returned this */
export type TakeResult = (given: Result | undefined, last: boolean) => Promise<void> | void

/**
 * How long a handler may hold the event loop by giving results without pause, in milliseconds and in results. Readers in
 * this process get their turn in between, and so keep up with it.
 */
const SLICE_MS = 5
const SLICE_RESULTS = 64

/**
 * @param returned what the handler's call gave
 * @throws TurnStopped the signal aborted before the handler had ended
 * @throws whatever the handler or `take` throws
 */
export async function eachResult(returned: ReturnType<Handler>, host: HandlerHost, take: TakeResult): Promise<void> {
  if (isGenerator(returned)) return drain(returned, host, take)
  const patience = new Patience<Result | undefined | void>(host)
  try {
    await take((await patience.wait(returned)) ?? undefined, true)
  } finally {
    patience.end()
  }
}

/** The result in its tagged form; undefined when a handler that has ended gave none. */
export function readResult(agentId: string, given: Result | undefined, last: boolean): TaggedResult | undefined {
  if (given === undefined && last) return undefined
  const result = toResult(given)
  const problem = result === undefined ? undefined : resultProblem(result)
  if (problem !== undefined) throw illegal(agentId, `gave ${describe(given)} ${problem}`)
  if (result !== undefined) return result
  throw illegal(
    agentId,
    `gave ${describe(given)}; a handler returns or yields a string or what text(), status(), artifact(), file(), data(), complete(), inputRequired(), authRequired(), reject(), fail() and message() make`,
  )
}

/** An agent did what it must not; trying again will not help. */
export function illegal(agentId: string, what: string): A2AError {
  return handlerFault('INVALID_AGENT_RESPONSE', `Agent ${agentId} ${what}`)
}

/** A result in words, for messages to the author. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return 'a string'
  const result = toResult(value)
  if (result !== undefined)
    return result[TAG] === 'end' ? `the state ${(result as EndResult).state}` : `${result[TAG]}()`
  if (value === null || value === undefined) return String(value)
  return typeof value === 'object' ? `an object (${value.constructor?.name ?? 'no class'})` : `a ${typeof value}`
}

type ResultGenerator = Extract<ReturnType<Handler>, { next: unknown }>

export function isGenerator(value: unknown): value is ResultGenerator {
  return typeof value === 'object' && value !== null && 'next' in value && 'return' in value
}

async function drain(generator: ResultGenerator, host: HandlerHost, take: TakeResult): Promise<void> {
  const patience = new Patience<Awaited<ReturnType<ResultGenerator['next']>>>(host)
  let finished = false
  let sliceStart = Date.now()
  let results = 0
  try {
    for (;;) {
      const step = await patience.wait(generator.next())
      finished = step.done === true
      const taken = take(step.value ?? undefined, finished)
      if (taken !== undefined) await taken
      if (finished) return
      results += 1
      if (results < SLICE_RESULTS && Date.now() - sliceStart < SLICE_MS) continue
      await host.breathe()
      sliceStart = Date.now()
      results = 0
    }
  } finally {
    patience.end()
    // A generator that is left in the middle gets the chance to clean up, but cannot hold us up.
    if (!finished) void Promise.resolve(generator.return(undefined)).catch(() => {})
  }
}

function isSuspended({ reason }: AbortSignal): boolean {
  return reason instanceof TurnStopped && reason.reason === 'suspended'
}

/** Waits for a handler no longer than it may go on after the signal. One listener, and the same functions, for all results. */
class Patience<T> {
  private readonly host: HandlerHost
  private readonly off: () => void
  private timer: ReturnType<typeof setTimeout> | undefined
  private waiter: { resolve(value: T): void; reject(reason: unknown): void } | undefined

  constructor(host: HandlerHost) {
    this.host = host
    this.off = onAbort(host.signal, () => this.stopped())
  }

  /** The work's value, or a rejection when the signal has aborted and the work did not end within the grace time. */
  wait(work: T | PromiseLike<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.waiter = { resolve, reject }
      if (this.host.signal.aborted) this.stopped()
      Promise.resolve(work).then(this.gave, this.threw)
    })
  }

  end(): void {
    this.rest()
    this.off()
  }

  private readonly gave = (value: T): void => {
    const { signal } = this.host
    const { waiter } = this
    this.rest()
    // Whether it is whole, nobody knows: a handler that listens may just have ended early.
    if (signal.aborted) waiter?.reject(signal.reason)
    else waiter?.resolve(value)
  }

  private readonly threw = (error: unknown): void => {
    const { signal } = this.host
    const { waiter } = this
    this.rest()
    // What a handler throws because it was stopped says nothing new.
    waiter?.reject(signal.aborted && signal.reason instanceof TurnStopped ? signal.reason : error)
  }

  private stopped(): void {
    const { signal, graceMs } = this.host
    const { waiter } = this
    if (waiter === undefined) return
    // A handler that waits in a durable call has nothing to finish.
    if (isSuspended(signal)) waiter.reject(signal.reason)
    else this.timer = setTimeout(() => waiter.reject(signal.reason), graceMs)
  }

  private rest(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    this.waiter = undefined
  }
}
