/** Tells a stream that is quiet from one whose other side has gone. */
import { A2AError } from '../../a2a/errors.js'
import { startTimer } from '../../internal/timer.js'
import { type CallScope, openScope } from '../call-scope.js'
import type { StreamOperation } from '../transport.js'

/**
 * The watch over a stream. Who comes back to a task is answered at once, or the server is not there: this watch begins
 * before the request. A message may be thought about before its answer: that stream is watched once it has begun.
 */
export function watchStream(operation: StreamOperation, signal: AbortSignal, idleMs: number): SilenceWatch {
  const watch = new SilenceWatch(signal, idleMs)
  if (operation === 'subscribeToTask') watch.heard()
  return watch
}

/** Its signal aborts when the given one does, or when nothing was heard for `idleMs` since `heard`. */
export class SilenceWatch {
  private readonly silent = new AbortController()
  private readonly scope: CallScope
  private stop = () => {}
  private readonly idleMs: number

  constructor(signal: AbortSignal, idleMs: number) {
    this.idleMs = idleMs
    this.scope = openScope([signal, this.silent.signal], undefined)
  }

  get signal(): AbortSignal {
    return this.scope.signal
  }

  heard(): void {
    this.pause()
    this.stop = startTimer(() => this.silent.abort(wentSilent(this.idleMs)), this.idleMs)
  }

  /** For the time that the reader takes: the other side is not to blame for it. */
  pause(): void {
    this.stop()
  }

  close(): void {
    this.pause()
    this.scope.close()
  }
}

function wentSilent(ms: number): A2AError {
  return new A2AError('UNAVAILABLE', `The stream has been silent for ${ms} ms (limits.idleMs)`)
}
