/** Keys of an issuer that comes and goes, on a clock that stands still until it is told otherwise. */
import { errors, type FlattenedJWSInput } from 'jose'
import { beforeEach, describe, expect, it } from 'vitest'
import { AuthenticationUnavailable } from '../../../src/auth/authenticator.js'
import { fetchedKeys } from '../../../src/auth/fetched-keys.js'
import { type Logger, silentLogger } from '../../../src/internal/logger.js'
import { JWKS } from '../../support/issuer.js'

const URL_OF_KEYS = new URL('https://id.example/keys')
const SECOND = 1_000
const MINUTE = 60 * SECOND

let time = 0
let asked = 0
let lines: string[] = []
let issuer: 'up' | 'down' | 'silent' = 'up'
let find: (kid: string) => Promise<unknown>

beforeEach(() => {
  time = 0
  asked = 0
  lines = []
  issuer = 'up'
  const logger: Logger = {
    ...silentLogger,
    info: (_, message) => lines.push(message),
    error: (_, message) => lines.push(message),
  }
  const keys = fetchedKeys(URL_OF_KEYS, {
    logger,
    now: () => time,
    async load() {
      asked += 1
      if (issuer === 'down') throw new Error('connection refused')
      if (issuer === 'silent') await new Promise<never>(() => {})
      return JWKS
    },
  })
  find = async (kid) => keys({ alg: 'ES256', kid }, {} as FlattenedJWSInput)
})

describe('the keys of an issuer that is down', () => {
  it('are used on when somebody asks for a key that nobody knows', async () => {
    await find('ec')
    issuer = 'down'
    time += MINUTE
    await expect(find('nobody')).rejects.toBeInstanceOf(AuthenticationUnavailable)
    expect(asked).toBe(2)
    await expect(find('ec')).resolves.toBeDefined()
    // Nor does the issuer hear of it again at once.
    await expect(find('nobody')).rejects.toBeInstanceOf(AuthenticationUnavailable)
    expect(asked).toBe(2)
  })

  it('are used for an hour after they came, and not longer', async () => {
    await find('ec')
    issuer = 'down'
    for (time = 10 * MINUTE; time < 60 * MINUTE; time += 5 * MINUTE) await expect(find('ec')).resolves.toBeDefined()
    time = 60 * MINUTE - 1
    await expect(find('ec')).resolves.toBeDefined()
    time = 60 * MINUTE
    await expect(find('ec')).rejects.toBeInstanceOf(AuthenticationUnavailable)
  })

  it('are asked for beside the requests, which do not wait for an issuer that was silent before', async () => {
    await find('ec')
    issuer = 'down'
    time = 10 * MINUTE
    await find('ec')
    issuer = 'silent'
    time += 5 * SECOND
    await expect(find('ec')).resolves.toBeDefined()
    expect(asked).toBe(3)
  })

  it('are one line in the log when it begins, and one when it is over', async () => {
    await find('ec')
    issuer = 'down'
    for (let i = 1; i <= 20; i += 1) {
      time += 6 * SECOND
      await find('nobody').catch(() => {})
    }
    expect(lines).toEqual(['the keys of the issuer cannot be had; known ones are used on'])
    issuer = 'up'
    time += 6 * SECOND
    await expect(find('nobody')).rejects.toBeInstanceOf(errors.JWKSNoMatchingKey)
    expect(lines.slice(1)).toEqual(['the keys of the issuer can be had again'])
  })
})

describe('the keys of an issuer that answers', () => {
  it('are asked for again after ten minutes, and for an unknown kid at most every 30 s', async () => {
    await Promise.all([find('ec'), find('ec')])
    expect(asked).toBe(1)
    time = 29 * SECOND
    await expect(find('nobody')).rejects.toBeInstanceOf(errors.JWKSNoMatchingKey)
    expect(asked).toBe(1)
    time = 30 * SECOND
    await expect(find('nobody')).rejects.toBeInstanceOf(errors.JWKSNoMatchingKey)
    expect(asked).toBe(2)
    time += 10 * MINUTE - 1
    await find('ec')
    expect(asked).toBe(2)
    time += 1
    await find('ec')
    expect(asked).toBe(3)
  })
})
