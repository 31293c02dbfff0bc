/** What is told when NATS cannot be reached with the options that were given. */

/** What cannot be connected with; the message says what is wrong, and holds no credential. */
export class NatsConfigError extends Error {
  override readonly name = 'NatsConfigError'
}
