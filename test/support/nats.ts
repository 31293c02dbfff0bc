/** A real NATS server for tests, from PATH. Where there is none, its tests are skipped with the line that installs one. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer, connect as dial } from 'node:net'
import { isRequired } from './required.js'

const INSTALL = 'apt-get install nats-server'
const PATH = [process.env.PATH, '/usr/sbin', '/usr/local/sbin'].join(':')

const found = spawnSync('nats-server', ['--version'], { env: { ...process.env, PATH } }).status === 0
if (!found && isRequired('nats-server')) throw new Error(`nats-server is not on PATH: ${INSTALL}`)

/** Empty, or why the tests are skipped: for the name of a suite. */
export const natsMissing = found ? '' : ` (skipped: no nats-server on PATH; ${INSTALL})`

export interface NatsServer {
  readonly port: number
  /** `nats://127.0.0.1:port` */
  readonly url: string
  /** Stops it without ending it; resolves when none of its threads runs any more, so that it reads nothing from here on. */
  freeze(): Promise<void>
  thaw(): void
  /** Kills it at once. */
  kill(): Promise<void>
  /** The same server on the same port, after it was killed. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** @param args more of its own options, such as `--auth` */
export async function startNats(args: readonly string[] = []): Promise<NatsServer> {
  const port = await freePort()
  let child: ChildProcess
  const start = async () => {
    child = spawn('nats-server', ['-a', '127.0.0.1', '-p', String(port), ...args], {
      env: { ...process.env, PATH },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    child.stderr?.on('data', (data) => {
      said += data
    })
    while (!(await listens(port))) {
      if (child.exitCode !== null) throw new Error(`nats-server ended: ${said}`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  await start()
  return {
    port,
    url: `nats://127.0.0.1:${port}`,
    async freeze() {
      child.kill('SIGSTOP')
      while (!threadStates(child.pid).every((state) => state === 'T')) {
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    },
    thaw: () => child.kill('SIGCONT'),
    kill,
    restart: start,
    stop: kill,
  }
}

/** A signal is delivered to each thread when it next gets the processor, which on a busy machine is not at once. */
function threadStates(pid: number | undefined): string[] {
  const { status, stdout } = spawnSync('ps', ['-L', '-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' })
  if (status !== 0) throw new Error('nats-server has ended')
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.charAt(0))
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = dial(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
