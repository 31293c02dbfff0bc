/** A Postgres server of our own, from the installed package: in a temporary directory, on a free port, never as root. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, chmod, chown, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'

export const POSTGRES_INSTALL = 'apt-get install -y postgresql'

/** Where Debian keeps what it does not put on PATH. */
const DEBIAN = '/usr/lib/postgresql'
const USER = 'a2a'
export const PASSWORD = 'p@ss/word'
const READY_MS = 30_000

export interface PostgresServer {
  /** URL of the server without a database. */
  readonly url: string
  readonly pid: number
  /** Stops it as an operator does, or without a word. */
  stop(signal?: 'SIGINT' | 'SIGKILL'): Promise<void>
  /** Starts it again, on the same port and data. */
  start(): Promise<void>
  /** Stops it and removes its data. */
  remove(): Promise<void>
}

export interface PostgresServerOptions {
  /** Further lines of `postgresql.conf`. */
  readonly settings?: readonly string[]
  /** Files that the server is to own, by their name in its directory. */
  readonly files?: Readonly<Record<string, string>>
  /** `hostssl` takes clients with TLS only. Default `host`. */
  readonly clients?: 'host' | 'hostssl'
}

/** Directory of `initdb` and `postgres`; undefined when they are not installed. */
export async function findPostgres(): Promise<string | undefined> {
  const versions = await readdir(DEBIAN).catch(() => [])
  const directories = [
    ...(process.env.PATH ?? '').split(delimiter),
    ...versions.sort((a, b) => Number(b) - Number(a)).map((version) => join(DEBIAN, version, 'bin')),
  ]
  for (const directory of directories) {
    const found = ['initdb', 'postgres'].map((name) => access(join(directory, name)))
    if ((await Promise.allSettled(found)).every(({ status }) => status === 'fulfilled')) return directory
  }
  return undefined
}

export async function startPostgres(binaries: string, options: PostgresServerOptions = {}): Promise<PostgresServer> {
  const owner = await unprivileged()
  const directory = await mkdtemp(join(tmpdir(), 'temporal-a2a-postgres-'))
  const data = join(directory, 'data')
  const port = await freePort()
  const secretFile = join(directory, 'password')
  await writeFile(secretFile, PASSWORD)
  for (const [name, content] of Object.entries(options.files ?? {})) await writeFile(join(directory, name), content)
  for (const name of await readdir(directory)) {
    await chmod(join(directory, name), 0o600)
    if (owner !== undefined) await chown(join(directory, name), owner.uid, owner.gid)
  }
  if (owner !== undefined) await chown(directory, owner.uid, owner.gid)
  await promisify(execFile)(
    join(binaries, 'initdb'),
    [
      '-D',
      data,
      '-U',
      USER,
      '-E',
      'UTF8',
      '--locale=C.UTF-8',
      '--locale-provider=icu',
      '--icu-locale=en-US',
      '-A',
      'scram-sha-256',
      '--pwfile',
      secretFile,
      '--no-sync',
    ],
    { ...owner, cwd: directory },
  )
  const hosts = options.clients ?? 'host'
  await writeFile(join(data, 'pg_hba.conf'), `${hosts} all all 127.0.0.1/32 scram-sha-256\n`)

  let child: ChildProcess | undefined
  const server: PostgresServer = {
    url: `postgres://${USER}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}`,
    get pid() {
      return child?.pid ?? 0
    },
    async start() {
      const settings = [
        'listen_addresses=127.0.0.1',
        `port=${port}`,
        `unix_socket_directories=${directory}`,
        // The data does not outlive the tests.
        'fsync=off',
        ...(options.settings ?? []),
      ]
      const starting = spawn(join(binaries, 'postgres'), ['-D', data, ...settings.flatMap((each) => ['-c', each])], {
        ...owner,
        cwd: directory,
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      child = starting
      let said = ''
      starting.stderr?.setEncoding('utf8').on('data', (text: string) => {
        said = (said + text).slice(-4_000)
      })
      const end = Date.now() + READY_MS
      while (!(await answers(port))) {
        if (starting.exitCode !== null || Date.now() > end) throw new Error(`Postgres does not start: ${said}`)
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    },
    async stop(signal = 'SIGINT') {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
      const closed = once(child, 'close')
      child.kill(signal)
      await closed
    },
    async remove() {
      await server.stop('SIGINT')
      await rm(directory, { recursive: true, force: true, maxRetries: 5 })
    },
  }
  await server.start()
  return server
}

/** A new, empty database on the server; its URL. */
export async function createDatabase(serverUrl: string): Promise<string> {
  const name = `test_${process.pid}_${Date.now()}_${Math.random().toString(36).slice(2, 8)}`
  const client = new pg.Client({ connectionString: `${serverUrl}/postgres` })
  await client.connect()
  try {
    await client.query(`create database ${name}`)
  } finally {
    await client.end()
  }
  return `${serverUrl}/${name}`
}

/** Postgres refuses to run as root; undefined when we are not. */
async function unprivileged(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const users = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'))
  const user = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody')
  if (user === undefined) throw new Error('no user to run Postgres as')
  return { uid: Number(user[2]), gid: Number(user[3]) }
}

/** Ready for queries: it refuses a wrong password, which it does not before it is. */
async function answers(port: number): Promise<boolean> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: USER, password: 'wrong', database: 'postgres' })
  client.on('error', () => {})
  try {
    await client.connect()
    return true
  } catch (error) {
    return (error as { code?: string }).code?.startsWith('28') === true
  } finally {
    await client.end().catch(() => {})
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as { port: number }
  probe.close()
  await once(probe, 'close')
  return port
}
