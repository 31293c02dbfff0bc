/** Callers known by API keys, which the server holds as hashes only. */
import type { SecuritySchemeJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { AuthenticationConfigError, type Authenticator, type Identity } from './authenticator.js'
import { identityProblem } from './identity.js'

/** A key and whose it is: exactly one of `sha256` and `key`. Several keys may be of one caller, while one is replaced. */
export interface ApiKeyEntry extends Identity {
  /** SHA-256 of the key, in hex. `temporal-a2a api-key` makes both. */
  readonly sha256?: string
  /** The key itself, at least 20 characters: for what comes out of the environment. */
  readonly key?: string | undefined
}

/** Whose keys are taken, and where they are looked for. */
export interface ApiKeysOptions {
  readonly keys: readonly ApiKeyEntry[]
  /** The request header (gRPC: metadata) that holds the key. Default `x-api-key`. */
  readonly header?: string
  /** Of the security scheme on the cards. Default `apiKey`. */
  readonly name?: string
}

/** A random key is longer; one that is shorter is none. */
const MIN_KEY_LENGTH = 20
const MAX_KEY_LENGTH = 1_024
const HEADER = /^[a-z0-9][a-z0-9_-]*$/
const RESERVED_HEADERS = new Set(['authorization', 'cookie', 'host', 'content-type', 'content-length', 'te'])

/** @throws AuthenticationConfigError no keys, the same key twice, or entries that cannot be used; never shows a key */
export function apiKeys({ keys, header = 'x-api-key', name = 'apiKey' }: ApiKeysOptions): Authenticator {
  const read = header.toLowerCase()
  if (!HEADER.test(read) || RESERVED_HEADERS.has(read)) throw refuse(`header ${JSON.stringify(header)} cannot be used`)
  if (!Array.isArray(keys) || keys.length === 0) throw refuse('keys must have at least one entry')
  keys.forEach((entry, index) => {
    const problem = entryProblem(entry)
    if (problem !== undefined) throw refuse(`keys[${index}]: ${problem}`)
  })
  const scheme: SecuritySchemeJson = { apiKeySecurityScheme: { location: 'header', name: read } }
  let table: Promise<(key: string) => Identity | undefined> | undefined
  // Loaded when a server starts: agents are also described where no server is.
  const open = () => {
    table ??= import('./key-table.js').then(({ keyTable }) => keyTable(keys))
    return table
  }
  return {
    schemes: { [name]: scheme },
    headers: [read],
    async prepare() {
      await open()
    },
    async authenticate(request) {
      const key = request.header(read)
      if (key === undefined || key.length > MAX_KEY_LENGTH) return undefined
      return (await open())(key)
    },
  }
}

function entryProblem(entry: ApiKeyEntry): string | undefined {
  if (typeof entry !== 'object' || entry === null) return 'must be an object'
  const { sha256, key } = entry
  if (sha256 === undefined && key === undefined) return 'has neither sha256 nor key; is a variable not set?'
  if (sha256 !== undefined && key !== undefined) return 'must not have both sha256 and key'
  if (sha256 !== undefined && !(typeof sha256 === 'string' && /^[0-9a-f]{64}$/i.test(sha256))) {
    return 'sha256 must be 64 hexadecimal digits'
  }
  if (key !== undefined && (typeof key !== 'string' || key.length < MIN_KEY_LENGTH || key.length > MAX_KEY_LENGTH)) {
    return `key must have ${MIN_KEY_LENGTH} to ${MAX_KEY_LENGTH} characters`
  }
  return identityProblem(entry)
}

function refuse(what: string): AuthenticationConfigError {
  return new AuthenticationConfigError(`apiKeys: ${what}`)
}
