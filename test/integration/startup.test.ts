/** What a process needs where it starts, and what it says of a Temporal server that it cannot use. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { agent } from '../../src/agent/agent-definition.js'
import { silentLogger } from '../../src/internal/logger.js'
import { reasonOf } from '../../src/internal/reason-of.js'
import { type GatewayProcessOptions, startGatewayProcess } from '../../src/process/gateway-process.js'
import { startOneProcess } from '../../src/worker/one-process.js'

let directory: string
let options: GatewayProcessOptions

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'temporal-a2a-start-'))
  options = {
    agents: [agent({ id: 'echo' }, (message) => message.text)],
    logger: silentLogger,
    port: 0,
    secret: randomBytes(32),
    temporalAddress: inject('temporalAddress'),
    db: join(directory, 'new', 'a2a.db'),
    taskQueue: `start-${process.pid}-${Date.now()}`,
  }
})
afterEach(() => rm(directory, { recursive: true, force: true }))

describe('files', () => {
  it("are its user's only, where it makes them", async () => {
    const gateway = await startGatewayProcess(options)
    await gateway.stop()
    const mode = async (path: string) => (await stat(join(directory, path))).mode & 0o777
    expect(await mode('new')).toBe(0o700)
    expect(await mode('new/a2a.db')).toBe(0o600)
  })

  it('are not needed with Postgres and a Temporal server elsewhere', async () => {
    await writeFile(join(directory, 'file'), '')
    // Nothing could be made below a file, and nobody answers at that port.
    const elsewhere = { db: 'postgres://127.0.0.1:1/a2a', dataDirectory: join(directory, 'file', 'data') }
    await expect(startGatewayProcess({ ...options, ...elsewhere })).rejects.toThrow(
      /^The database postgres:\/\/127\.0\.0\.1:1\/a2a cannot be used/,
    )
  })
})

describe('a Temporal server', () => {
  it('without the namespace is refused with the line that makes it', async () => {
    const text = new RegExp(
      'has no namespace nope-such; name another by --namespace, or make it:\n  ' +
        'temporal operator namespace create --address 127.0.0.1:\\d+ --namespace nope-such',
    )
    await expect(startGatewayProcess({ ...options, namespace: 'nope-such' })).rejects.toThrow(text)
    await expect(startOneProcess({ ...options, namespace: 'nope-such' })).rejects.toThrow(text)
    expect(existsSync(options.db)).toBe(false)
  })

  it('that does not speak TLS is refused with what has switched it on', async () => {
    const env = { ...process.env, TEMPORAL_API_KEY: 'key-canary' }
    const reason = reasonOf(await startOneProcess({ ...options, env }).catch((error: unknown) => error))
    expect(reason).toMatch(
      /^no Temporal server answers at .* by TLS, which TEMPORAL_API_KEY switches on and TEMPORAL_TLS=false off: .*transport/,
    )
    expect(reason).not.toContain('canary')
  })
})
