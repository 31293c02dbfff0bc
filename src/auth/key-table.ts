/** API keys by their hashes. Which of them a key is takes the same time for all, and for none. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { ApiKeyEntry } from './api-keys.js'
import { AuthenticationConfigError, type Identity } from './authenticator.js'

/** @throws AuthenticationConfigError the same key twice */
export function keyTable(entries: readonly ApiKeyEntry[]): (key: string) => Identity | undefined {
  const table = entries.map(({ sha256, key, ...identity }) => ({
    hash: sha256 === undefined ? hashOf(key ?? '') : Buffer.from(sha256, 'hex'),
    identity,
  }))
  if (new Set(table.map(({ hash }) => hash.toString('hex'))).size < table.length) {
    throw new AuthenticationConfigError('apiKeys: two entries have the same key')
  }
  return (key) => {
    const hash = hashOf(key)
    let found: Identity | undefined
    for (const entry of table) if (timingSafeEqual(entry.hash, hash)) found = entry.identity
    return found
  }
}

function hashOf(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}
