/** One Temporal server for a whole test run, found or made as the product does it; in a directory of its own. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { silentLogger } from '../../src/internal/logger.js'
import { openTemporal } from '../../src/temporal/embedded/index.js'

declare module 'vitest' {
  interface ProvidedContext {
    temporalAddress: string
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'temporal-a2a-test-'))
  let said = ''
  const server = await openTemporal({
    databaseFile: join(directory, 'temporal.db'),
    logger: silentLogger,
    onProgress: ({ phase }) => {
      if (phase !== said) process.stderr.write(`Temporal for the tests: ${phase}\n`)
      said = phase
    },
  })
  project.provide('temporalAddress', server.address)
  return async () => {
    await server.stop()
    await rm(directory, { recursive: true, force: true })
  }
}
