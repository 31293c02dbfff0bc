/** Finds or makes the Temporal server of embedded use, and keeps it alive. */
export { TemporalNotFoundError, TemporalStartError, TemporalVersionError, type TriedSource } from './errors.js'
export { type FindTemporalOptions, openTemporal } from './open.js'
export type { ProgressListener, TemporalProgress } from './progress.js'
export type { TemporalConnection, TemporalServer, TemporalSource, TemporalStatus } from './temporal-server.js'
