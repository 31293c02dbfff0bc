/** Gateways and workers as processes of their own, on one Temporal server, store and, when there is one, bus. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Cli, runCli } from './processes.js'

export interface SplitOptions {
  /** Undefined: the processes start one themselves, on a database beside the store's. */
  readonly temporalAddress?: string
  readonly nats?: string
}

export interface GatewayCli extends Cli {
  readonly url: string
  readonly port: number
}

let sites = 0

export class SplitSite {
  readonly directory: string
  readonly taskQueue = `split-${process.pid}-${++sites}-${Date.now()}`
  private readonly options: SplitOptions
  private readonly secret = randomBytes(32).toString('base64')

  private constructor(directory: string, options: SplitOptions) {
    this.directory = directory
    this.options = options
  }

  static async create(options: SplitOptions): Promise<SplitSite> {
    return new SplitSite(await mkdtemp(join(tmpdir(), 'temporal-a2a-split-')), options)
  }

  /** @param port of an earlier one, to take its place */
  async gateway(port = 0, args: readonly string[] = []): Promise<GatewayCli> {
    const cli = this.run('gateway', ['--port', String(port), ...args])
    return { ...cli, ...(await cli.json<{ url: string; port: number }>()) }
  }

  async worker(args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Cli> {
    const cli = this.run('worker', args, env)
    await cli.json()
    return cli
  }

  run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Cli {
    const { temporalAddress, nats } = this.options
    return runCli(
      [
        ...[command, 'test/support/split-agents.ts', '--json', '--db', join(this.directory, 'a2a.db')],
        ...['--task-queue', this.taskQueue],
        ...(temporalAddress === undefined ? [] : ['--temporal-address', temporalAddress]),
        ...(nats === undefined ? [] : ['--nats', nats]),
        ...args,
      ],
      { TEMPORAL_A2A_SECRET: temporalAddress === undefined ? '' : this.secret, ...env },
    )
  }

  remove(): Promise<void> {
    return rm(this.directory, { recursive: true, force: true, maxRetries: 5 })
  }
}
