/**
 * For those who come from `@a2a-js/sdk`: its executors on our engine, and a client with its method names.
 *
 * @module temporal-a2a/compat
 */
export { Client, ClientFactory, type RequestOptions } from './a2a-js/client.js'
export { type ExecutorOptions, fromExecutor } from './a2a-js/executor.js'
