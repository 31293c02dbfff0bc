import { describe, expect, it } from 'vitest'
import { createSecrets, randomSecret } from '../../../src/server/secrets.js'

const secrets = createSecrets(randomSecret())

describe('secrets', () => {
  it('gives the same id for the same parts, another for any other split of them', () => {
    const id = secrets.taskIdFor(['', 'local', 'echo', 'key'])
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(secrets.taskIdFor(['', 'local', 'echo', 'key'])).toBe(id)
    expect(secrets.taskIdFor(['', 'local', 'echok', 'ey'])).not.toBe(id)
    expect(createSecrets(randomSecret()).taskIdFor(['', 'local', 'echo', 'key'])).not.toBe(id)
  })

  it('opens only what it has sealed, for the same purpose', () => {
    const token = secrets.seal('text', 'page:a')
    expect(secrets.open(token, 'page:a')).toBe('text')
    expect(secrets.open(token, 'page:b')).toBeUndefined()
    expect(createSecrets(randomSecret()).open(token, 'page:a')).toBeUndefined()
  })

  it('opens nothing that was changed in a single bit', () => {
    const bytes = Buffer.from(secrets.seal('text', 'p'), 'base64url')
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const forged = Buffer.from(bytes)
      forged[bit >> 3] = (forged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(secrets.open(forged.toString('base64url'), 'p')).toBeUndefined()
    }
    for (const text of ['', 'x', '%', 'a'.repeat(10_000)]) expect(secrets.open(text, 'p')).toBeUndefined()
  })

  it('wants a secret that is one', () => {
    expect(() => createSecrets(new Uint8Array(8))).toThrow('at least 32 bytes')
  })
})
