/** What has to be done when this process ends without anybody having stopped what it started. */

/** Not SIGHUP: who starts a process with nohup wants it to live, and a listener would undo that. */
const SIGNALS = ['SIGINT', 'SIGTERM'] as const

const ends = new Set<() => void>()

/**
 * Calls `end` once when the process ends by itself, or by a signal that nobody handles. It can wait for nothing.
 *
 * @returns the way to take it back
 */
export function whenProcessEnds(end: () => void): () => void {
  if (ends.size === 0) {
    process.on('exit', endAll)
    for (const signal of SIGNALS) process.on(signal, endBySignal)
  }
  ends.add(end)
  return () => {
    if (ends.delete(end) && ends.size === 0) stopListening()
  }
}

function endAll(): void {
  stopListening()
  for (const end of ends) end()
  ends.clear()
}

/** A process that listens itself decides what becomes of it; otherwise it ends as it would have without us. */
function endBySignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return
  endAll()
  process.kill(process.pid, signal)
}

function stopListening(): void {
  process.off('exit', endAll)
  for (const signal of SIGNALS) process.off(signal, endBySignal)
}
