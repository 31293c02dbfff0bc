/** After which step an attempt is to die, and which steps have run. */
import type { RunningAttempt } from '../engine/memory/memory-turn.js'

export class StepRuns {
  /** Runs of a step's work, by task and name. */
  private readonly runs = new Map<string, Map<string, number>>()
  /** Steps whose work is over, and that may not be written down yet. */
  private readonly fresh = new Set<string>()
  private planned: { readonly name: string; left: number }[] = []
  /** Steps whose work runs now. */
  readonly open: string[] = []

  began(taskId: string, name: string): void {
    const ofTask = this.runs.get(taskId) ?? new Map<string, number>()
    this.runs.set(taskId, ofTask)
    ofTask.set(name, (ofTask.get(name) ?? 0) + 1)
    this.open.push(name)
  }

  ended(taskId: string, name: string): void {
    this.open.splice(this.open.indexOf(name), 1)
    this.fresh.add(`${taskId} ${name}`)
  }

  /** How often the work of each step has run. */
  of(taskId: string): Record<string, number> {
    return Object.fromEntries(this.runs.get(taskId) ?? [])
  }

  /** @param time which of its runs, from 1 */
  crashAfter(name: string, time: number): void {
    this.planned.push({ name, left: time })
  }

  /** The name of a step after which a crash is still to come; from here on none is. */
  takePlanned(): string | undefined {
    const name = this.planned[0]?.name
    this.planned = []
    return name
  }

  /** An attempt has written something down: it dies here when that was planned. */
  written({ ref, journal, crash }: RunningAttempt): void {
    for (const { kind, name, outcome } of journal) {
      if (kind !== 'step' || outcome === undefined || !this.fresh.delete(`${ref.taskId} ${name}`)) continue
      for (const plan of this.planned) if (plan.name === name) plan.left -= 1
      const due = this.planned.some(({ left }) => left === 0)
      this.planned = this.planned.filter(({ left }) => left > 0)
      if (due) crash()
    }
  }
}
