/** The proxy itself: a fault that does not happen would prove nothing. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../../support/reading.js'
import { FaultProxy } from './fault-proxy.js'

let server: Server
let proxy: FaultProxy
const sockets = new Set<Socket>()

beforeEach(async () => {
  server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  proxy = await FaultProxy.start((server.address() as AddressInfo).port)
})

afterEach(async () => {
  await proxy.stop()
  for (const socket of sockets) socket.destroy()
  sockets.clear()
  server.close()
})

async function dial(): Promise<Socket> {
  const socket = connect({ port: proxy.port, host: '127.0.0.1' })
  sockets.add(socket)
  await once(socket, 'connect')
  return socket
}

async function echo(socket: Socket, text: string): Promise<string> {
  socket.write(text)
  let back = ''
  while (back.length < text.length) back += (await once(socket, 'data'))[0]
  return back
}

describe('the fault proxy', () => {
  it('passes everything both ways while nothing is broken, and the end too', async () => {
    const socket = await dial()
    const long = 'x'.repeat(3_000_000)
    expect(await echo(socket, long)).toBe(long)
    socket.end()
    await once(socket, 'close')
    await eventually(() => expect(proxy.connections).toBe(0))
  })

  it('delays', async () => {
    const socket = await dial()
    proxy.set({ latencyMs: 100 })
    const begun = performance.now()
    expect(await echo(socket, 'late')).toBe('late')
    expect(performance.now() - begun).toBeGreaterThanOrEqual(195)
  })

  it('limits the bytes a second', async () => {
    proxy.set({ bytesPerSecond: 20_000 })
    const begun = performance.now()
    await echo(await dial(), 'x'.repeat(10_000))
    expect(performance.now() - begun).toBeGreaterThanOrEqual(490)
  })

  it('holds everything back in a black hole and gives it back when healed', async () => {
    const socket = await dial()
    expect(await echo(socket, 'before')).toBe('before')
    proxy.blackhole()
    const answer = echo(socket, 'during')
    const late = dial().then((second) => echo(second, 'new'))
    expect(await Promise.race([answer, delay(200, 'silence')])).toBe('silence')
    proxy.heal()
    expect(await answer).toBe('during')
    expect(await late).toBe('new')
  })

  it('is deaf in one direction only when asked to', async () => {
    const socket = await dial()
    proxy.set({ blocked: new Set(['b-to-a']) })
    const answer = echo(socket, 'asked')
    expect(await Promise.race([answer, delay(100, 'silence')])).toBe('silence')
    expect(server.listening).toBe(true)
    proxy.heal()
    expect(await answer).toBe('asked')
  })

  it('resets what is open and what is new until healed', async () => {
    const socket = await dial()
    await echo(socket, 'open')
    const broken = once(socket, 'error')
    proxy.cut()
    expect((await broken)[0].code).toBe('ECONNRESET')
    const second = connect({ port: proxy.port, host: '127.0.0.1' })
    const refused = once(second, 'error')
    expect((await refused)[0].code).toBe('ECONNRESET')
    proxy.heal()
    expect(await echo(await dial(), 'again')).toBe('again')
  })

  it('cuts after a number of bytes', async () => {
    proxy.set({ cutAfterBytes: 5 })
    const socket = await dial()
    const broken = once(socket, 'error')
    socket.resume()
    socket.write('123456789')
    expect((await broken)[0].code).toBe('ECONNRESET')
  })
})
