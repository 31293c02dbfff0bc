/** One Postgres server for a whole test run, when it is installed. */
import type { TestProject } from 'vitest/node'
import { findPostgres, POSTGRES_INSTALL, startPostgres } from './postgres-server.js'
import { isRequired } from './required.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** Empty when there is none. */
    postgresUrl: string
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const binaries = await findPostgres()
  if (binaries === undefined) {
    if (isRequired('postgres')) throw new Error(`Postgres is required here: ${POSTGRES_INSTALL}`)
    process.stderr.write(`Postgres is not here, its tests are skipped: ${POSTGRES_INSTALL}\n`)
    project.provide('postgresUrl', '')
    return async () => {}
  }
  const server = await startPostgres(binaries)
  project.provide('postgresUrl', server.url)
  return () => server.remove()
}
