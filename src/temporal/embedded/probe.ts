/** Looks at a port of this machine: is it taken, and is it a Temporal server, and which one? */
import { connect, createServer } from 'node:net'
import type { Connection } from '@temporalio/client'

export const HOST = '127.0.0.1'

export interface ServerIdentity {
  readonly serverVersion: string
  /** Belongs to the database, not to the process. */
  readonly clusterId: string
}

/**
 * Runs `work` on a connection to a server on this machine. Nothing is retried: who waits for a server looks again.
 *
 * @param withinMs for all calls of `work` together
 */
export async function withConnection<T>(
  port: number,
  withinMs: number,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const { Connection } = await import('@temporalio/client') // takes a moment, and only embedded use needs it here
  const connection = Connection.lazy({ address: `${HOST}:${port}`, interceptors: [] })
  try {
    return await connection.withDeadline(Date.now() + withinMs, () => work(connection))
  } finally {
    await connection.close()
  }
}

/** Undefined when nothing answers as Temporal on that port within the time. */
export async function identifyServer(port: number, withinMs: number): Promise<ServerIdentity | undefined> {
  try {
    return await withConnection(port, withinMs, async (connection) => {
      const { serverVersion, clusterId } = await connection.workflowService.getClusterInfo({})
      // Answering is not enough: what is not Temporal may answer as well.
      return serverVersion && clusterId ? { serverVersion, clusterId } : undefined
    })
  } catch {
    return undefined // nobody there, someone else, or not ready: who asks treats these alike
  }
}

/**
 * False only when the port refuses: then no server can be behind it. Slowness is not absence, a busy machine takes
 * its time.
 */
export async function isListening(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({ host: HOST, port })
    const settle = (listening: boolean) => {
      socket.destroy()
      resolve(listening)
    }
    socket.setTimeout(1000, () => settle(true))
    socket.once('connect', () => settle(true))
    socket.once('error', (error: NodeJS.ErrnoException) => settle(error.code !== 'ECONNREFUSED'))
  })
}

/**
 * Where no system takes the ports of outgoing connections from: a server that comes back a moment later finds its port as
 * it was.
 */
const FIRST_PORT = 20_000
const PORTS = 10_000
const TRIES = 20

/** A port that nobody uses right now: `wanted` if possible, else one that is likely to stay free, else any. */
export async function findFreePort(wanted?: number): Promise<number> {
  if (wanted !== undefined && (await isFree(wanted))) return wanted
  for (let tries = 0; tries < TRIES; tries += 1) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS)
    if (await isFree(port)) return port
  }
  const port = await tryListen(0)
  if (port === undefined) throw new Error(`no free port on ${HOST}`)
  return port
}

export async function isFree(port: number): Promise<boolean> {
  return (await tryListen(port)) !== undefined
}

async function tryListen(port: number): Promise<number | undefined> {
  return await new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen(port, HOST, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined))
    })
  })
}
