/** Headers that a caller gives: bytes of Latin-1 without line breaks, or no request can carry them. */
import { invalidParams } from '../../a2a/errors.js'

export function isSendable(name: string, value: string): boolean {
  try {
    new Headers([[name, value]])
    return true
  } catch {
    return false
  }
}

/** @throws A2AError INVALID_PARAMS */
export function requireSendable(headers: Readonly<Record<string, string>>): void {
  const violations = Object.entries(headers)
    .filter(([name, value]) => !isSendable(name, value))
    .map(([name]) => ({ field: `headers.${name}`, description: 'must be a header of Latin-1 without line breaks' }))
  if (violations.length > 0) throw invalidParams(violations)
}
