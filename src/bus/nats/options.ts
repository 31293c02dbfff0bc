/** How a NATS server is reached: what an operator gives, and what its client takes. */
import { accessSync, constants, readFileSync } from 'node:fs'
import { credsAuthenticator, type NodeConnectionOptions } from '@nats-io/transport-node'
import { NatsConfigError } from './nats-config-error.js'

/** Where the NATS servers are, and who we are to them. */
export interface NatsOptions {
  /**
   * `nats://host:4222`, or `tls://…` to insist on TLS; several of one cluster separated by commas. User and password, or a
   * token in place of both, may stand before the host.
   */
  readonly servers: string
  /** Path of a `.creds` file; read again at every connect. */
  readonly credsFile?: string
  /** Paths of PEM files; any of them insists on TLS. Read again at every connect. */
  readonly caFile?: string
  readonly certFile?: string
  readonly keyFile?: string
}

/** Milliseconds until an attempt to connect is given up. */
const CONNECT_MS = 5_000
/** A server that has not answered two pings is gone: found within 15 s, where TCP would take minutes. */
const PING_MS = 5_000
const MAX_PINGS_OUT = 2
/** Milliseconds between two attempts to come back, growing by the half from the first to the last. */
const FIRST_RETRY_MS = 100
const LAST_RETRY_MS = 2_000

/** @throws NatsConfigError */
export function connectionOptions(options: NatsOptions): NodeConnectionOptions {
  const urls = options.servers.split(',').map((text) => parseServer(text.trim()))
  const { credsFile, caFile, certFile, keyFile } = options
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new NatsConfigError('the certificate and the key of a NATS client go together')
  }
  for (const path of [credsFile, caFile, certFile, keyFile]) if (path !== undefined) mustBeReadable(path)
  const files = {
    ...(caFile === undefined ? {} : { caFile }),
    ...(certFile === undefined ? {} : { certFile }),
    ...(keyFile === undefined ? {} : { keyFile }),
  }
  const secure = Object.keys(files).length > 0 || urls.some(({ protocol }) => protocol === 'tls:')
  const { username, password } = urls[0] as URL
  return {
    servers: urls.map(({ host }) => host),
    name: `temporal-a2a ${process.pid}`,
    // What a process publishes, it hands to its own readers itself.
    noEcho: true,
    inboxPrefix: 'a2a.v1.inbox',
    timeout: CONNECT_MS,
    pingInterval: PING_MS,
    maxPingOut: MAX_PINGS_OUT,
    maxReconnectAttempts: -1,
    // Credentials are replaced while a process runs; it must not give up for having seen the old ones refused.
    ignoreAuthErrorAbort: true,
    noAsyncTraces: true,
    ...(secure ? { tls: files } : {}),
    ...(username === '' ? {} : credential(decodeURIComponent(username), decodeURIComponent(password))),
    ...(credsFile === undefined
      ? {}
      : { authenticator: credsAuthenticator(() => new Uint8Array(readFileSync(credsFile))) }),
  }
}

/** Waits for an attempt after so many that have failed, in milliseconds; spread, so that processes do not come at once. */
export function retryMs(failures: number): number {
  return Math.min(FIRST_RETRY_MS * 1.5 ** Math.min(failures, 20), LAST_RETRY_MS) * (0.75 + Math.random() / 2)
}

function credential(user: string, pass: string): Pick<NodeConnectionOptions, 'user' | 'pass' | 'token'> {
  return pass === '' ? { token: user } : { user, pass }
}

function mustBeReadable(path: string): void {
  try {
    accessSync(path, constants.R_OK)
  } catch (error) {
    throw new NatsConfigError(`a file for NATS cannot be read: ${(error as Error).message}`)
  }
}

function parseServer(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'nats:' && url.protocol !== 'tls:') || url.hostname === '') {
    throw new NatsConfigError('the address of a NATS server must be nats://host:port or tls://host:port')
  }
  return url
}
