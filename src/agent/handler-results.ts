/** What a handler gives, one result after the other, whether it is a function or a generator. */
import { A2AError } from '../a2a/errors.js'
import { onAbort } from '../internal/abort.js'
import { TurnStopped } from './agent-context.js'
import type { Handler } from './agent-definition.js'
import { resultProblem } from './check-result.js'
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
  if (isGenerator(returned)) await drain(returned, host, take)
  else await take(await unlessStopped(Promise.resolve(returned), host), true)
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
  return new A2AError('INVALID_AGENT_RESPONSE', `Agent ${agentId} ${what}`)
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
  let finished = false
  let sliceStart = Date.now()
  let results = 0
  try {
    for (;;) {
      const step = await unlessStopped(Promise.resolve(generator.next()), host)
      finished = step.done === true
      await take(step.value ?? undefined, finished)
      if (finished) return
      results += 1
      if (results < SLICE_RESULTS && Date.now() - sliceStart < SLICE_MS) continue
      await host.breathe()
      sliceStart = Date.now()
      results = 0
    }
  } finally {
    // A generator that is left in the middle gets the chance to clean up, but cannot hold us up.
    if (!finished) void Promise.resolve(generator.return(undefined)).catch(() => {})
  }
}

function isSuspended({ reason }: AbortSignal): boolean {
  return reason instanceof TurnStopped && reason.reason === 'suspended'
}

/** The promise's value, or a rejection when the signal has aborted and the handler did not end within the grace time. */
function unlessStopped<T>(work: Promise<T>, { signal, graceMs }: HandlerHost): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const off = onAbort(signal, () => {
      // A handler that waits in a durable call has nothing to finish.
      if (isSuspended(signal)) reject(signal.reason)
      else timer = setTimeout(() => reject(signal.reason), graceMs)
    })
    const done = () => {
      off()
      clearTimeout(timer)
    }
    work.then(
      (value) => {
        done()
        if (signal.aborted) reject(signal.reason)
        else resolve(value)
      },
      (error: unknown) => {
        done()
        // What a handler throws because it was stopped says nothing new.
        reject(signal.aborted && signal.reason instanceof TurnStopped ? signal.reason : error)
      },
    )
  })
}
