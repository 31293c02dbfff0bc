/**
 * For those who run Temporal's side themselves.
 *
 * @module temporal-a2a/worker
 */
export { createWorker, type RunningWorker, type WorkerOptions, type WorkerVersion } from './create-worker.js'
export { type OneProcess, type OneProcessOptions, startOneProcess } from './one-process.js'
export { type StartWorkerOptions, startWorker } from './start-worker.js'
export type { WorkerProcess } from './worker-process.js'
