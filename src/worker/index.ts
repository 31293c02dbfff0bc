/**
 * For those who run the turns of tasks in processes of their own.
 *
 * @module temporal-a2a/worker
 */
export { NatsConfigError } from '../bus/nats/nats-config-error.js'
export type { NatsOptions } from '../bus/nats/options.js'
export { SecretError } from '../process/secret-error.js'
export type { TemporalPlace } from '../process/temporal-place.js'
export { StoreDatabaseError } from '../store/store-database-error.js'
export { TemporalNotFoundError, TemporalStartError, TemporalVersionError } from '../temporal/embedded/errors.js'
export type { WorkerVersion } from './create-worker.js'
export { type StartWorkerOptions, startWorker } from './start-worker.js'
export type { WorkerProcess } from './worker-process.js'
