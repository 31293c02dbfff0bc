/**
 * For those who put the parts together themselves: a server over any engine, or a gateway without a worker.
 *
 * @module temporal-a2a/server
 */

export type { AuthenticationOption } from '../auth/authentication.js'
export type { EventBus } from '../bus/event-bus.js'
export { InProcessBus } from '../bus/in-process-bus.js'
export { NatsConfigError } from '../bus/nats/nats-config-error.js'
export type { NatsOptions } from '../bus/nats/options.js'
export type { CardMode } from '../card/card-mode.js'
export { type CardKey, CardKeyError } from '../card/sign-card.js'
export type { Engine, TaskReading } from '../engine/engine.js'
export { MemoryEngine } from '../engine/memory/memory-engine.js'
export type { GatewayProcess } from '../process/gateway-process.js'
export { SecretError } from '../process/secret-error.js'
export type { TemporalPlace } from '../process/temporal-place.js'
export type { Webhooks } from '../service/webhooks.js'
export { type GatewayOptions, startGateway } from '../start-gateway.js'
export { StoreDatabaseError } from '../store/store-database-error.js'
export { TemporalNotFoundError, TemporalStartError, TemporalVersionError } from '../temporal/embedded/errors.js'
export { createServer, type Server, type ServerOptions } from './create-server.js'
export { DEFAULT_LIMITS, type ServerLimits } from './limits.js'
