/** A TCP proxy that breaks: cuts connections on command or after a number of bytes, refuses, and holds what it has. */
import net, { type AddressInfo, type Socket } from 'node:net'

export interface CuttingProxy {
  readonly url: string
  readonly port: number
  /** Connections that were accepted. */
  readonly accepted: number
  /** Connections that were not. */
  readonly refused: number
  /** Resets every open connection. */
  cut(): void
  /** Ends every open connection as a proxy that restarts does: FIN, in the middle of whatever it was. */
  end(): void
  /** Each later connection is reset after this many bytes from the server; undefined never. */
  cutAfter(bytes: (() => number) | undefined): void
  /** Resets new connections at once while true. */
  refuse(refusing: boolean): void
  /** Keeps what the server sends from the client, with connections left open, while true. */
  hold(holding: boolean): void
  stop(): Promise<void>
}

export async function startCuttingProxy(target: { readonly port: () => number }): Promise<CuttingProxy> {
  const pairs = new Set<readonly [Socket, Socket]>()
  let limit: (() => number) | undefined
  let refusing = false
  let holding = false
  let accepted = 0
  let refused = 0
  const held: (() => void)[] = []

  const server = net.createServer((client) => {
    client.on('error', () => {})
    if (refusing) {
      refused += 1
      client.resetAndDestroy()
      return
    }
    accepted += 1
    const upstream = net.connect(target.port(), '127.0.0.1')
    upstream.on('error', () => client.resetAndDestroy())
    const pair = [client, upstream] as const
    pairs.add(pair)
    let left = Math.ceil(limit?.() ?? Number.POSITIVE_INFINITY)
    client.pipe(upstream)
    upstream.on('data', (data) => {
      const pass = () => {
        if (client.destroyed) return
        const part = data.subarray(0, Math.min(left, data.length))
        left -= part.length
        client.write(part, () => {
          if (left > 0) return
          client.resetAndDestroy()
          upstream.destroy()
        })
      }
      if (holding) held.push(pass)
      else pass()
    })
    upstream.on('end', () => client.end())
    const gone = () => {
      pairs.delete(pair)
      client.destroy()
      upstream.destroy()
    }
    client.on('close', gone)
    upstream.on('close', () => {
      if (!client.writableEnded) client.end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}`,
    port,
    get accepted() {
      return accepted
    },
    get refused() {
      return refused
    },
    cut() {
      for (const [client, upstream] of pairs) {
        client.resetAndDestroy()
        upstream.destroy()
      }
    },
    end() {
      for (const [client, upstream] of pairs) {
        upstream.destroy()
        client.end()
      }
    },
    cutAfter(bytes) {
      limit = bytes
    },
    refuse(value) {
      refusing = value
    },
    hold(value) {
      holding = value
      if (!value) for (const pass of held.splice(0)) pass()
    },
    async stop() {
      for (const [client, upstream] of pairs) {
        client.destroy()
        upstream.destroy()
      }
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
