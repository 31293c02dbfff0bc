/** The driver's side of fail points: arms a moment, waits until a process has reached it, lets it go on. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { FailPointName } from '../../../src/internal/fail-points.js'

export interface Order {
  readonly id: string
  /**
   * `kill`: SIGKILL at exactly this moment. `stop`: SIGSTOP, until somebody sends SIGCONT. `pause`: the process's only
   * thread blocks until released. `throw`: the moment fails.
   */
  readonly action: 'kill' | 'stop' | 'pause' | 'throw'
  /** Part of the subject that it has to be about; default: whatever comes first. */
  readonly only?: string
}

export interface Reached {
  readonly pid: number
  readonly subject: string
}

export class Armed {
  private readonly directory: string
  private readonly name: FailPointName
  private readonly order: Order

  constructor(directory: string, name: FailPointName, order: Order) {
    this.directory = directory
    this.name = name
    this.order = order
    writeFileSync(join(directory, `armed.${name}`), JSON.stringify(order))
  }

  async reached(ms = 15_000): Promise<Reached> {
    const file = join(this.directory, `reached.${this.order.id}`)
    for (const end = Date.now() + ms; Date.now() < end; await delay(5)) {
      if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Reached
    }
    this.disarm()
    throw new Error(`no process has reached ${this.name} within ${ms} ms`)
  }

  release(): void {
    writeFileSync(join(this.directory, `release.${this.order.id}`), '')
  }

  disarm(): void {
    rmSync(join(this.directory, `armed.${this.name}`), { force: true })
  }
}

let orders = 0

/** At most one order waits at a moment. */
export function arm(directory: string, name: FailPointName, action: Order['action'], only?: string): Armed {
  orders += 1
  return new Armed(directory, name, { id: `${process.pid}-${orders}`, action, ...(only === undefined ? {} : { only }) })
}
