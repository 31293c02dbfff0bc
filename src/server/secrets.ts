/** Ids and tokens made with the installation's secret. */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  randomBytes,
  randomUUID,
} from 'node:crypto'
import type { Secrets } from '../service/ports.js'

const IV_BYTES = 12
const TAG_BYTES = 16

/** @param secret at least 32 random bytes, the same on every gateway of an installation */
export function createSecrets(secret: Uint8Array): Secrets {
  if (secret.length < 32) throw new RangeError(`the secret must have at least 32 bytes, it has ${secret.length}`)
  const idKey = deriveKey(secret, 'task ids')
  const sealKey = deriveKey(secret, 'tokens')
  return {
    newTaskId: () => randomUUID(),
    taskIdFor(parts) {
      const digest = createHmac('sha256', idKey).update(JSON.stringify(parts)).digest()
      return asUuid(digest)
    },
    fingerprint: (text) => createHash('sha256').update(text).digest('base64url').slice(0, 22),
    seal(text, purpose) {
      const iv = randomBytes(IV_BYTES)
      const cipher = createCipheriv('aes-256-gcm', sealKey, iv).setAAD(Buffer.from(purpose))
      return Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64url')
    },
    open(token, purpose) {
      const bytes = Buffer.from(token, 'base64url')
      if (bytes.length < IV_BYTES + TAG_BYTES) return undefined
      try {
        const decipher = createDecipheriv('aes-256-gcm', sealKey, bytes.subarray(0, IV_BYTES))
          .setAAD(Buffer.from(purpose))
          .setAuthTag(bytes.subarray(-TAG_BYTES))
        return decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES)).toString('utf8') + decipher.final('utf8')
      } catch {
        // Damaged, foreign or made for something else: all the same to a caller.
        return undefined
      }
    },
  }
}

function deriveKey(secret: Uint8Array, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, 'temporal-a2a', purpose, 32))
}

/** Version 8 of RFC 9562: a UUID whose bits are the maker's own. */
function asUuid(digest: Buffer): string {
  const bytes = Buffer.from(digest.subarray(0, 16))
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** A secret for one process: ids and page tokens made with it mean nothing to another. */
export function randomSecret(): Uint8Array {
  return randomBytes(32)
}
