/**
 * The secret that ids and page tokens are made with. All gateways of an installation need the same one: a retry under an
 * idempotency key may reach any of them, and so may the next page of a list.
 */
import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { SecretError } from './secret-error.js'

const MIN_BYTES = 32
const MAKE_ONE = 'make one with: openssl rand -base64 32'

/**
 * @param text what an environment variable or a mounted file holds: base64 of at least 32 bytes; white space around it is
 *   left out
 * @param from names the place, for the error
 * @throws SecretError
 */
export function parseSecret(text: string, from: string): Uint8Array {
  const trimmed = text.trim()
  const bytes = /^[A-Za-z0-9+/_-]+={0,2}$/.test(trimmed) ? Buffer.from(trimmed, 'base64') : Buffer.alloc(0)
  if (bytes.length < MIN_BYTES) {
    throw new SecretError(`${from} must be the base64 of at least ${MIN_BYTES} random bytes; ${MAKE_ONE}`)
  }
  return new Uint8Array(bytes)
}

/**
 * The secret that the operator gave, in a file or in a variable.
 *
 * @throws SecretError it cannot be read, or is of no use
 */
export function givenSecret(file: string | undefined, env: NodeJS.ProcessEnv): Uint8Array | undefined {
  if (file !== undefined) {
    let text: string
    try {
      text = readFileSync(file, 'utf8')
    } catch (error) {
      throw new SecretError(`the secret cannot be read: ${(error as Error).message}`)
    }
    return parseSecret(text, file)
  }
  const text = env.TEMPORAL_A2A_SECRET
  return text === undefined || text === '' ? undefined : parseSecret(text, 'TEMPORAL_A2A_SECRET')
}

/** What a gateway says that has none, on a Temporal server that is not its own. */
export function missingSecret(address: string): SecretError {
  return new SecretError(
    `Temporal at ${address} is shared, so all gateways need one secret for task ids and page tokens: ` +
      `set TEMPORAL_A2A_SECRET or --secret-file on each of them; ${MAKE_ONE}`,
  )
}

/** What one process is told that makes a secret of its own although others may share its tasks. */
export function ownSecretWarning(shared: string): string {
  return (
    `${shared} may be shared, and no secret was given: task ids of idempotency keys and page tokens hold for this directory ` +
    `only. Set TEMPORAL_A2A_SECRET or --secret-file, the same for all; ${MAKE_ONE}`
  )
}

/**
 * The secret beside a database, made at the first use and readable by its user only: for one process on a Temporal server
 * that is not its own.
 *
 * @param file the path that its name begins with
 */
export function secretBeside(file: string): Uint8Array {
  const path = `${file}.secret`
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const temporary = `${path}.${process.pid}-${randomBytes(6).toString('hex')}`
  writeFileSync(temporary, `${randomBytes(MIN_BYTES).toString('base64')}\n`, { mode: 0o600, flag: 'wx', flush: true })
  try {
    // Whoever comes first makes it; a file that is there is never replaced.
    linkSync(temporary, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(temporary, { force: true })
  }
  return parseSecret(readFileSync(path, 'utf8'), path)
}
