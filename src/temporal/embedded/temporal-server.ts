/** A Temporal server that can be used: one that is configured, one that was found running, or one that was started. */
import type { ClientConnectConfig } from '@temporalio/envconfig'

export interface TemporalSource {
  /**
   * How it was found, for the banner. `address`: configured, nothing was started. `running`: another process has
   * started it on the same database file. The others say where the executable that was started comes from.
   */
  readonly kind: 'address' | 'running' | 'executable' | 'cache' | 'download' | 'build'
  /** One line for humans, such as the path of the executable. */
  readonly detail: string
}

/** What has to be passed on to a connection besides the address; fits the options of client and worker. */
export type TemporalConnection = {
  readonly [K in 'tls' | 'apiKey' | 'metadata']?: NonNullable<ClientConnectConfig['connectionOptions'][K]>
}

export type TemporalStatus = 'up' | 'down'

export interface TemporalServer {
  /** `host:port`. Stays the same when the server is started again. */
  readonly address: string
  readonly namespace: string
  readonly connection: TemporalConnection
  readonly source: TemporalSource
  /** 32 bytes that belong to the database file, for ids and page tokens. Undefined for a configured server. */
  readonly secret: Uint8Array | undefined
  /** `down` while a server of ours is gone and comes back. Always `up` for a configured server, which is not watched. */
  status(): TemporalStatus
  /** Called at each change. Gives the function that ends the subscription. */
  onStatus(listener: (status: TemporalStatus) => void): () => void
  /** Stops the server when this process owns it (within 5 s), and watching it. May be called again. Never rejects. */
  stop(): Promise<void>
}
