/** Everything a run works against: real processes of the product, each behind a fault proxy, and the world they act in. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '../../../src/internal/logger.js'
import { openTemporal, type TemporalServer } from '../../../src/temporal/embedded/index.js'
import { SEARCH_ATTRIBUTES } from '../../../src/temporal/names.js'
import { type NatsServer, startNats } from '../../support/nats.js'
import { readEffects } from '../agents/effects.js'
import { type Armed, arm, type Order } from '../fail-points/orders.js'
import type { HistoryEvent } from '../history/history.js'
import { Recorder } from '../history/recorder.js'
import { FaultProxy } from '../network/fault-proxy.js'
import { ManagedProcess, ROOT } from './managed-process.js'

/** One server that clients can call. */
export interface Gateway {
  readonly process: ManagedProcess
  /** Between clients and the server; its URL stays the same when the server is started again. */
  readonly proxy: FaultProxy
  readonly url: string
}

export interface SiteOptions {
  /** How many processes serve, each a gateway with a worker. All processes share one database and one Temporal server. */
  readonly replicas?: number
  /** Gateways and workers as processes of their own, beside the replicas or in place of them. */
  readonly gateways?: number
  readonly workers?: number
  /** Gateways and workers have a NATS server between them, reached through a proxy. Default false. */
  readonly nats?: boolean
  /**
   * `embedded` (default): the processes start their Temporal server themselves, and keep it alive. `apart`: it is there
   * already, and they reach it through a proxy.
   */
  readonly temporal?: 'embedded' | 'apart'
  /** Default true. */
  readonly failPoints?: boolean
  /** Module of the agents, below the root of the repository. Default: those of the harness. */
  readonly agents?: string
  readonly args?: readonly string[]
}

/** The first line of a process; a worker has no port. */
interface Banner {
  readonly port?: number
}

const AGENTS = 'dist/test/faults/agents/agents.js'
/** Of the ids and page tokens of a site that nobody else can reach. */
const SECRET = Buffer.alloc(32, 'faults').toString('base64')

export class Site {
  readonly recorder = new Recorder()
  readonly gateways: Gateway[] = []
  /** The processes that run turns. */
  readonly workers: ManagedProcess[] = []
  readonly directory: string
  /** What processes find in their environment when they start the next time. */
  readonly env: NodeJS.ProcessEnv
  /** The database of the processes. */
  readonly db: string
  private temporalServer: TemporalServer | undefined
  private temporalProxy: FaultProxy | undefined
  private natsServer: NatsServer | undefined
  private natsProxy: FaultProxy | undefined

  private constructor(directory: string) {
    this.directory = directory
    this.db = join(directory, 'a2a.db')
    this.env = { FAULTS_DIR: directory, TEMPORAL_A2A_SECRET: SECRET }
  }

  static async start(options: SiteOptions): Promise<Site> {
    const site = new Site(await mkdtemp(join(tmpdir(), 'temporal-a2a-faults-')))
    try {
      if (options.temporal === 'apart') await site.startTemporal()
      if (options.nats === true) await site.startNats()
      const { replicas = 0, gateways = 0, workers = 0 } = options
      const starts = [
        ...range(replicas).map((i) => () => site.addGateway(`server-${i}`, 'serve', options)),
        ...range(gateways).map((i) => () => site.addGateway(`gateway-${i}`, 'gateway', options)),
        ...range(workers).map((i) => () => site.addWorker(`worker-${i}`, options)),
      ]
      // The first one starts Temporal; the others find it.
      await starts[0]?.()
      await Promise.all(starts.slice(1).map((start) => start()))
      site.sort()
    } catch (error) {
      await site.stop()
      throw error
    }
    return site
  }

  /** Between the processes and a Temporal server apart. */
  get temporal(): FaultProxy {
    if (this.temporalProxy === undefined) throw new Error('Temporal is not behind a proxy')
    return this.temporalProxy
  }

  /** Between the processes and NATS. */
  get nats(): { readonly proxy: FaultProxy; readonly server: NatsServer } {
    if (this.natsProxy === undefined || this.natsServer === undefined) throw new Error('there is no NATS')
    return { proxy: this.natsProxy, server: this.natsServer }
  }

  get hasNats(): boolean {
    return this.natsProxy !== undefined
  }

  get urls(): string[] {
    return this.gateways.map(({ url }) => url)
  }

  gateway(index: number): Gateway {
    const gateway = this.gateways[index]
    if (gateway === undefined) throw new Error(`there is no gateway ${index}`)
    return gateway
  }

  worker(index: number): ManagedProcess {
    const worker = this.workers[index]
    if (worker === undefined) throw new Error(`there is no worker ${index}`)
    return worker
  }

  /** Every process of the product, each once. */
  get processes(): ManagedProcess[] {
    return [...new Set([...this.gateways.map((gateway) => gateway.process), ...this.workers])]
  }

  /** Starts a process that was ended; clients reach it under the URL they know. */
  async restart(process: ManagedProcess): Promise<void> {
    await process.ended()
    const { port } = await process.start<Banner>()
    if (port !== undefined) this.gatewayOf(process)?.proxy.retarget(port)
  }

  /** The gateway that this process is, if it is one. */
  gatewayOf(process: ManagedProcess): Gateway | undefined {
    return this.gateways.find((gateway) => gateway.process === process)
  }

  /** Starts what does not run. */
  async heal(): Promise<void> {
    this.temporalProxy?.heal()
    this.natsProxy?.heal()
    for (const { proxy } of this.gateways) proxy.heal()
    await Promise.all(this.processes.map((process) => (process.alive ? undefined : this.restart(process))))
  }

  /** The process of the Temporal server that the product has started for itself. */
  temporalPid(): number {
    return (JSON.parse(readFileSync(`${this.db}.temporal.state.json`, 'utf8')) as { pid: number }).pid
  }

  arm(name: Parameters<typeof arm>[1], action: Order['action'], only?: string): Armed {
    return arm(this.directory, name, action, only)
  }

  openGate(name: string): void {
    writeFileSync(join(this.directory, `gate.${name}`), '')
  }

  /** All that was seen and done so far. */
  history(): HistoryEvent[] {
    return [...this.recorder.history, ...readEffects(this.directory)]
  }

  async stop(): Promise<void> {
    await Promise.all(this.processes.map((process) => process.end()))
    this.endTemporal()
    await Promise.all(this.gateways.map(({ proxy }) => proxy.stop()))
    await this.temporalProxy?.stop()
    await this.natsProxy?.stop()
    await this.natsServer?.stop()
    await this.temporalServer?.stop()
    await rm(this.directory, { recursive: true, force: true, maxRetries: 5 })
  }

  /** By name: they come up in any order. */
  private sort(): void {
    this.gateways.sort((a, b) => a.process.name.localeCompare(b.process.name))
    this.workers.sort((a, b) => a.name.localeCompare(b.name))
  }

  private async startTemporal(): Promise<void> {
    this.temporalServer = await openTemporal({
      databaseFile: `${this.db}.temporal`,
      logger: silentLogger,
      searchAttributes: SEARCH_ATTRIBUTES,
      env: { ...process.env, TEMPORAL_ADDRESS: '' },
    })
    this.temporalProxy = await FaultProxy.start(Number(this.temporalServer.address.split(':')[1]))
  }

  private async startNats(): Promise<void> {
    this.natsServer = await startNats()
    this.natsProxy = await FaultProxy.start(this.natsServer.port)
  }

  private async addGateway(name: string, command: 'serve' | 'gateway', options: SiteOptions): Promise<void> {
    const process = this.process(name, [command, agentsOf(options), '--port', '0'], options)
    const { port } = await process.start<Banner>()
    const proxy = await FaultProxy.start(port ?? 0)
    this.gateways.push({ process, proxy, url: proxy.url })
    if (command === 'serve') this.workers.push(process)
  }

  private async addWorker(name: string, options: SiteOptions): Promise<void> {
    const process = this.process(name, ['worker', agentsOf(options)], options)
    await process.start<Banner>()
    this.workers.push(process)
  }

  private process(name: string, command: readonly string[], options: SiteOptions): ManagedProcess {
    const { args = [], failPoints = true } = options
    return new ManagedProcess({
      name,
      recorder: this.recorder,
      args: [
        ...(failPoints ? ['--conditions=temporal-a2a-faults'] : []),
        `${ROOT}dist/src/cli/main.js`,
        ...command,
        ...['--db', this.db, '--json'],
        ...(this.temporalProxy === undefined ? [] : ['--temporal-address', this.temporalProxy.address]),
        ...(this.natsProxy === undefined ? [] : ['--nats', `nats://${this.natsProxy.address}`]),
        ...args,
      ],
      env: this.env,
    })
  }

  /** A killed server leaves its Temporal server behind. */
  private endTemporal(): void {
    const state = `${this.db}.temporal.state.json`
    if (!existsSync(state)) return
    try {
      process.kill(this.temporalPid(), 'SIGKILL')
    } catch {
      // gone already
    }
  }
}

function agentsOf({ agents = AGENTS }: SiteOptions): string {
  return `${ROOT}${agents}`
}

/** 1 to `count`. */
function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1)
}
