/** Everything a run works against: real processes of the product, each behind a fault proxy, and the world they act in. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '../../../src/internal/logger.js'
import { openTemporal, type TemporalServer } from '../../../src/temporal/embedded/index.js'
import { SEARCH_ATTRIBUTES } from '../../../src/temporal/names.js'
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
  /** How many processes serve, each a gateway with a worker. They share one database and one Temporal server. */
  readonly replicas: number
  /**
   * `embedded` (default): the processes start their Temporal server themselves, and keep it alive. `apart`: it is there
   * already, and they reach it through a proxy.
   */
  readonly temporal?: 'embedded' | 'apart'
  /** Default true. */
  readonly failPoints?: boolean
  readonly args?: readonly string[]
}

interface Banner {
  readonly url: string
  readonly port: number
}

export class Site {
  readonly recorder = new Recorder()
  readonly gateways: Gateway[] = []
  readonly directory: string
  /** The database of the processes. */
  readonly db: string
  private temporalServer: TemporalServer | undefined
  private temporalProxy: FaultProxy | undefined

  private constructor(directory: string) {
    this.directory = directory
    this.db = join(directory, 'a2a.db')
  }

  static async start(options: SiteOptions): Promise<Site> {
    const site = new Site(await mkdtemp(join(tmpdir(), 'temporal-a2a-faults-')))
    try {
      if (options.temporal === 'apart') await site.startTemporal()
      for (let i = 1; i <= options.replicas; i += 1) await site.addGateway(`server-${i}`, options)
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

  get urls(): string[] {
    return this.gateways.map(({ url }) => url)
  }

  gateway(index: number): Gateway {
    const gateway = this.gateways[index]
    if (gateway === undefined) throw new Error(`there is no gateway ${index}`)
    return gateway
  }

  /** Starts a server that was ended; clients reach it under the URL they know. */
  async restart(gateway: Gateway): Promise<void> {
    await gateway.process.ended()
    const { port } = await gateway.process.start<Banner>()
    gateway.proxy.retarget(port)
  }

  /** Starts what does not run. */
  async heal(): Promise<void> {
    this.temporalProxy?.heal()
    await Promise.all(
      this.gateways.map(async (gateway) => {
        gateway.proxy.heal()
        if (!gateway.process.alive) await this.restart(gateway)
      }),
    )
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
    await Promise.all(this.gateways.map(({ process }) => process.end()))
    this.endTemporal()
    await Promise.all(this.gateways.map(({ proxy }) => proxy.stop()))
    await this.temporalProxy?.stop()
    await this.temporalServer?.stop()
    await rm(this.directory, { recursive: true, force: true, maxRetries: 5 })
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

  private async addGateway(name: string, { args = [], failPoints = true }: SiteOptions): Promise<void> {
    const process = new ManagedProcess({
      name,
      recorder: this.recorder,
      args: [
        ...(failPoints ? ['--conditions=temporal-a2a-faults'] : []),
        `${ROOT}dist/src/cli/main.js`,
        ...['serve', `${ROOT}dist/test/faults/agents/agents.js`, '--port', '0', '--db', this.db, '--json'],
        ...(this.temporalProxy === undefined ? [] : ['--temporal-address', this.temporalProxy.address]),
        ...args,
      ],
      env: { FAULTS_DIR: this.directory },
    })
    const { port } = await process.start<Banner>()
    const proxy = await FaultProxy.start(port)
    this.gateways.push({ process, proxy, url: proxy.url })
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
