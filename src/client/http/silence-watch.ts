/** Tells a stream that is quiet from one whose other side has gone. */
import { A2AError } from '../../a2a/errors.js'
import { startTimer } from '../../internal/timer.js'
import { type CallScope, openScope } from '../call-scope.js'

/** Its signal aborts when the given one does, or when nothing was heard for `idleMs`. */
export class SilenceWatch {
  private readonly silent = new AbortController()
  private readonly scope: CallScope
  private stop = () => {}
  private readonly idleMs: number

  constructor(signal: AbortSignal, idleMs: number) {
    this.idleMs = idleMs
    this.scope = openScope([signal, this.silent.signal], undefined)
    this.heard()
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
