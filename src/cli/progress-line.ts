/** One line on the terminal that tells how the search for a Temporal server goes on. */
import type { TemporalProgress } from '../temporal/embedded/index.js'

const PHASES: Readonly<Record<TemporalProgress['phase'], string>> = {
  wait: 'waiting for another process that prepares Temporal',
  download: 'downloading the Temporal server',
  modules: 'fetching the sources of the Temporal server',
  build: 'building the Temporal server, once',
  start: 'starting the Temporal server',
}

/** On a terminal the line is rewritten; elsewhere a new one is written when the phase changes, and now and then. */
export class ProgressLine {
  private readonly out: NodeJS.WriteStream
  private readonly begun = Date.now()
  private phase = ''
  private lastWrite = 0
  private open = false

  constructor(out: NodeJS.WriteStream) {
    this.out = out
  }

  show(progress: TemporalProgress): void {
    const now = Date.now()
    const changed = progress.phase !== this.phase
    if (!changed && now - this.lastWrite < (this.out.isTTY ? 200 : 10_000)) return
    this.phase = progress.phase
    this.lastWrite = now
    const line = `${PHASES[progress.phase]}${count(progress)}, ${Math.round((now - this.begun) / 1000)} s`
    if (this.out.isTTY) this.out.write(`\r\x1b[K${line}`)
    else this.out.write(`${line}\n`)
    this.open = this.out.isTTY
  }

  end(): void {
    if (this.open) this.out.write('\r\x1b[K')
    this.open = false
  }
}

function count(progress: TemporalProgress): string {
  const { packagesCompiled, packagesTotal } = progress as { packagesCompiled?: number; packagesTotal?: number }
  if (packagesCompiled === undefined) return ''
  return packagesTotal === undefined
    ? ` (${packagesCompiled} packages)`
    : ` (${packagesCompiled} of ${packagesTotal} packages)`
}
