/** Bounds on what a peer can make this client hold or wait for: one table, every name with its unit. */

/** Each is above 0; `Infinity` is no bound. */
export interface ClientLimits {
  /** Bytes of an agent card. */
  readonly cardBytes: number
  /** Bytes of one answer that is no stream. */
  readonly answerBytes: number
  /** Bytes of one event of a stream. */
  readonly eventBytes: number
  /** Bytes of all events of one stream; not over gRPC, where events are read one by one and nothing else is kept. */
  readonly streamBytes: number
  /** Milliseconds in which a card has to arrive. */
  readonly cardTimeoutMs: number
  /**
   * Milliseconds without any byte, heartbeats included, after which a stream counts as dead and is opened anew; over gRPC
   * without a whole event. Also the time that a server has to answer who comes back to a task. A message that may not be sent
   * again is waited for: then it counts from the first event.
   */
  readonly idleMs: number
}

/** The bounds that hold when no other is given. */
export const DEFAULT_CLIENT_LIMITS: ClientLimits = {
  cardBytes: 1_048_576,
  answerBytes: 167_772_160,
  eventBytes: 167_772_160,
  streamBytes: 1_073_741_824,
  cardTimeoutMs: 5_000,
  idleMs: 60_000,
}
