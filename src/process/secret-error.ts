/** What is told when an installation has no secret, or one that is of no use. */

/** A secret that is missing or of no use; the message says what to do. */
export class SecretError extends Error {
  override readonly name = 'SecretError'
}
