/**
 * What a caller of agents imports. Runs in Node, browsers, Deno and Bun; loads no Temporal and no `node:` module.
 *
 * @module temporal-a2a/client
 */
export type {
  AgentCardJson,
  ArtifactJson,
  MessageJson,
  PartJson,
  StreamResponseJson,
  TaskJson,
  TaskStateJson,
} from '../../gen/lf/a2a/v1/a2a_pb.js'
export { A2AError, type A2AErrorReason, type FieldViolation, isA2AError } from '../a2a/errors.js'
export { textOf } from '../a2a/parts.js'
export { CardNotVerifiedError } from '../card/card-not-verified-error.js'
export type { AgentClient, ResumeOptions } from './agent-client.js'
export {
  type ApiKeyOptions,
  type AuthProvider,
  type AuthRequest,
  apiKey,
  bearer,
  type Credentials,
  type RefusedRequest,
} from './auth/auth.js'
export { type ClientCredentialsOptions, clientCredentials } from './auth/client-credentials.js'
export type { RetryOptions } from './backoff.js'
export { type CachedCard, type CardCache, createCardCache } from './card/card-cache.js'
export { type VerifiedCard, type VerifyCardOptions, verifyCard } from './card/verify.js'
export { connect } from './connect.js'
export { type ClientLimits, DEFAULT_CLIENT_LIMITS } from './limits.js'
export type {
  CallOptions,
  CheckedCard,
  ConnectOptions,
  Content,
  MessageContent,
  ReplyOptions,
  SendOptions,
} from './options.js'
export { type ReadOptions, type Run, type RunResult, TaskNotCompletedError } from './run/run.js'
export type { TransportName } from './transport.js'
