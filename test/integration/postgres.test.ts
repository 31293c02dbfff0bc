/** Postgres as an operator meets it: the URL, TLS, a password that nobody sees, migrations from the command line. */
import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { silentLogger } from '../../src/internal/logger.js'
import { databaseName, openDatabase } from '../../src/store/database.js'
import { openTaskStore } from '../../src/store/sql-task-store.js'
import { postgres } from '../support/databases.js'
import {
  createDatabase,
  findPostgres,
  PASSWORD,
  type PostgresServer,
  startPostgres,
} from '../support/postgres-server.js'
import { endAll, runCli } from '../support/processes.js'

const SECRETS = [PASSWORD, encodeURIComponent(PASSWORD)]

afterEach(() => endAll())

describe('the name of a database', () => {
  it.each([
    ['postgres://u:p@h:1/d', 'postgres://u@h:1/d'],
    ['postgresql://u:p@h/d?password=p&sslkey=k', 'postgres://u@h/d'],
    ['postgres://h/d', 'postgres://h/d'],
    ['postgres://u:p@@h:x/d', 'postgres://…'],
    ['/var/lib/a2a.db', '/var/lib/a2a.db'],
  ])('%s is shown as %s', (where, name) => {
    expect(databaseName(where)).toBe(name)
  })

  it('is all that an error tells of a URL that is none', async () => {
    const opened = openTaskStore(openDatabase('postgres://u:hidden@h:port/d', silentLogger), silentLogger)
    const error = await opened.catch((thrown: unknown) => thrown)
    expect(String(error)).toContain('postgres://user@host:5432/database')
    expect(JSON.stringify([error, String(error), (error as Error).stack])).not.toContain('hidden')
  })
})

describe.skipIf(postgres.missing)(postgres.title, () => {
  let directory: string
  let server: PostgresServer

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'temporal-a2a-tls-'))
    const files = ['-keyout', join(directory, 'server.key'), '-out', join(directory, 'server.crt')]
    const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...name, ...files], {
      stdio: 'ignore',
    })
    const read = (file: string) => readFile(join(directory, file), 'utf8')
    server = await startPostgres((await findPostgres()) ?? '', {
      files: { 'server.key': await read('server.key'), 'server.crt': await read('server.crt') },
      settings: ['ssl=on', 'ssl_cert_file=../server.crt', 'ssl_key_file=../server.key'],
    })
  })

  afterAll(async () => {
    await server.remove()
    await rm(directory, { recursive: true, force: true })
  })

  const open = async (url: string) => {
    const store = await openTaskStore(openDatabase(url, silentLogger), silentLogger)
    await store.close()
  }

  it('is spoken to over TLS when the URL says so, and only with a certificate that is known', async () => {
    const url = await createDatabase(server.url)
    await open(`${url}?sslmode=verify-full&sslrootcert=${join(directory, 'server.crt')}`)
    await expect(open(`${url}?sslmode=verify-full`)).rejects.toThrow(/self-signed certificate/)
    await open(`${url}?sslmode=no-verify`)
  })

  it('is named without its password in banners, errors and logs', async () => {
    const url = await createDatabase(server.url)
    const flags = ['--temporal-address', inject('temporalAddress'), '--log-level', 'debug']
    const good = runCli(['worker', 'examples/agents.ts', '--db', url, ...flags])
    await good.said(`tasks   ${databaseName(url)}`)
    good.kill('SIGTERM')
    expect(await good.ended).toBe(0)

    const wrong = new URL(url)
    wrong.password = 'not-it-either'
    const refused = runCli(['worker', 'examples/agents.ts', '--db', wrong.href, ...flags])
    expect(await refused.ended).toBe(1)
    expect(refused.stderr()).toContain(
      `The database ${databaseName(url)} cannot be used: password authentication failed`,
    )

    const nobody = new URL(url)
    nobody.port = '1'
    const absent = runCli(['worker', 'examples/agents.ts', '--db', nobody.href, ...flags])
    expect(await absent.ended).toBe(1)
    expect(absent.stderr()).toContain('ECONNREFUSED')

    const said = [good, refused, absent].map((each) => each.stdout() + each.stderr()).join('')
    for (const secret of [...SECRETS, 'not-it-either']) expect(said).not.toContain(secret)
  }, 60_000)

  it('goes up and down by the command line', async () => {
    const url = await createDatabase(server.url)
    const migrate = async (...args: string[]) => {
      const cli = runCli(['migrate', '--db', url, ...args])
      expect(await cli.ended).toBe(0)
      return cli.stdout()
    }
    expect(await migrate()).toMatch(/^done {2}0001-tasks\n/)
    expect(await migrate()).toBe('nothing to do\n')
    expect(await migrate('--down')).toMatch(/^undone {2}\d{4}-/)
    expect(await migrate()).toMatch(/^done/)
  }, 60_000)
})
