/**
 * What an agent author imports. Loads nothing of Temporal and no server until `serve()` is called.
 *
 * @module temporal-a2a
 */

export type { ArtifactJson, MessageJson, PartJson, TaskJson, TaskStateJson } from '../gen/lf/a2a/v1/a2a_pb.js'
export { A2AError, type A2AErrorReason, isA2AError } from './a2a/errors.js'
export {
  asFunctionCall,
  asFunctionResponse,
  type FunctionCall,
  type FunctionResponse,
  functionCall,
  functionResponse,
} from './a2a/function-parts.js'
export { CalledTaskError, type CallResult } from './agent/agent-calls.js'
export {
  type AgentContext,
  type AskOptions,
  type Caller,
  type CallOptions,
  type Question,
  type StepContext,
  type StepOptions,
  type StopReason,
  type TurnContext,
  TurnStopped,
} from './agent/agent-context.js'
export {
  type AgentDefinition,
  AgentDefinitionError,
  type AgentMeta,
  agent,
  type Handler,
} from './agent/agent-definition.js'
export {
  type AgentState,
  type State,
  StateError,
  type StateOption,
  type StateSchema,
  type StateSchemas,
} from './agent/agent-state.js'
export type { ExtendedCard, ExtendedCardFor } from './agent/card-meta.js'
export { Agent, type AgentSource, agentDefinition, type HandlerDescriptions } from './agent/class/agent-class.js'
export {
  type Capability,
  capability,
  contextAware,
  type HandlerDecorator,
  type HandlerMethod,
  messageHandler,
  rateLimited,
  streamingHandler,
} from './agent/class/decorators.js'
export { Message } from './agent/class/message.js'
export { Response } from './agent/class/response.js'
export { ApprovalDenied, AskTimeout, ChangedOrderError, StepError } from './agent/durable-call-errors.js'
export { IdleTimeoutError } from './agent/idle-timeout.js'
export type { IncomingFile, IncomingMessage } from './agent/incoming-message.js'
export type { Middleware, Next } from './agent/middleware.js'
export type { RateLimitMeta } from './agent/rate-limits.js'
export {
  type ArtifactInput,
  artifact,
  authRequired,
  complete,
  data,
  fail,
  file,
  inputRequired,
  message,
  type Result,
  reject,
  status,
  text,
} from './agent/result.js'
export type { Resume } from './agent/resume.js'
export type { RetryPolicy } from './agent/retry-policy.js'
export type { SkillMeta, SkillOptions, Skills } from './agent/skills.js'
export { type ApiKeyEntry, type ApiKeysOptions, apiKeys } from './auth/api-keys.js'
export type { AuthenticationOption } from './auth/authentication.js'
export {
  type Authenticate,
  AuthenticationConfigError,
  type Authenticator,
  CredentialRefused,
  type CredentialRequest,
  type Identity,
} from './auth/authenticator.js'
export { type FromClaims, type JwtClaims, type JwtOptions, jwt } from './auth/jwt.js'
export type { Duration } from './internal/duration.js'
export type { Logger } from './internal/logger.js'
export type { TemporalPlace } from './process/temporal-place.js'
export type {
  LoggedAttempt,
  LoggedDelivery,
  RegisteredWebhook,
  WebhookLog,
  WebhookTask,
} from './push/webhook-log.js'
export type { WebhookSettings } from './push/webhook-settings.js'
export { type Served, type ServeOptions, serve } from './serve.js'
export { StoreDatabaseError } from './store/store-database-error.js'
export type { WebhookEvents } from './task/webhook-events.js'
export { TemporalNotFoundError, TemporalStartError, TemporalVersionError } from './temporal/embedded/errors.js'
