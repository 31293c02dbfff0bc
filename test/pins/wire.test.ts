/** What must not change unnoticed: codes, names, defaults. The expected side is written out, never imported. */
import { describe, expect, it } from 'vitest'
import { WIRE_CODES } from '../../src/a2a/error-codes.js'
import * as client from '../../src/client/index.js'
import * as compat from '../../src/compat/index.js'
import * as entry from '../../src/index.js'
import { DEFAULT_TURN } from '../../src/process/turn-times.js'
import * as server from '../../src/server/index.js'
import { DEFAULT_LIMITS } from '../../src/server/limits.js'
import { STATE_LIMITS } from '../../src/task/state-record.js'
import * as names from '../../src/temporal/names.js'
import { stateWorkflowId } from '../../src/temporal/state-workflows.js'
import * as testing from '../../src/testing/index.js'
import * as worker from '../../src/worker/index.js'

describe('pins', () => {
  it('error codes (A2A v1.0.1, section 5.4)', () => {
    const rows = Object.entries(WIRE_CODES).map(
      ([reason, { jsonrpc, grpc, http }]) => `${reason} ${jsonrpc} ${grpc} ${http}`,
    )
    expect(rows).toEqual([
      'TASK_NOT_FOUND -32001 NOT_FOUND 404',
      'TASK_NOT_CANCELABLE -32002 FAILED_PRECONDITION 400',
      'PUSH_NOTIFICATION_NOT_SUPPORTED -32003 FAILED_PRECONDITION 400',
      'UNSUPPORTED_OPERATION -32004 FAILED_PRECONDITION 400',
      'CONTENT_TYPE_NOT_SUPPORTED -32005 INVALID_ARGUMENT 400',
      'INVALID_AGENT_RESPONSE -32006 INTERNAL 500',
      'EXTENDED_AGENT_CARD_NOT_CONFIGURED -32007 FAILED_PRECONDITION 400',
      'EXTENSION_SUPPORT_REQUIRED -32008 FAILED_PRECONDITION 400',
      'VERSION_NOT_SUPPORTED -32009 FAILED_PRECONDITION 400',
      'PARSE_ERROR -32700 INVALID_ARGUMENT 400',
      'INVALID_REQUEST -32600 INVALID_ARGUMENT 400',
      'METHOD_NOT_FOUND -32601 UNIMPLEMENTED 404',
      'METHOD_NOT_ALLOWED -32601 UNIMPLEMENTED 405',
      'INVALID_PARAMS -32602 INVALID_ARGUMENT 400',
      'UNSUPPORTED_MEDIA_TYPE -32600 INVALID_ARGUMENT 415',
      'PAYLOAD_TOO_LARGE -32600 RESOURCE_EXHAUSTED 413',
      'REQUEST_TIMEOUT -32600 DEADLINE_EXCEEDED 408',
      'UNAUTHENTICATED -32603 UNAUTHENTICATED 401',
      'PERMISSION_DENIED -32603 PERMISSION_DENIED 403',
      'RATE_LIMITED -32603 RESOURCE_EXHAUSTED 429',
      'UNAVAILABLE -32603 UNAVAILABLE 503',
      'DEADLINE_EXCEEDED -32603 DEADLINE_EXCEEDED 504',
      'INTERNAL -32603 INTERNAL 500',
    ])
  })

  it('names in Temporal histories and namespaces', () => {
    expect(names).toMatchObject({
      WORKFLOW_TYPE: 'a2aTask',
      TURN_ACTIVITY: 'agentTurn',
      LOOK_ACTIVITY: 'lookAtTurn',
      LOOK_CHANGE: 'look-before-cancel',
      RENEW_CHANGE: 'renew-when-told',
      MESSAGE_UPDATE: 'message',
      CONFIRM_UPDATE: 'confirm',
      ANSWERED_SIGNAL: 'answered',
      WEBHOOKS_SIGNAL: 'webhooks',
      TELL_ACTIVITY: 'tellWebhooks',
      PUSH_WORKFLOW_TYPE: 'a2aPush',
      DUE_SIGNAL: 'due',
      WAKE_SIGNAL: 'wake',
      DELIVER_ACTIVITY: 'deliverToWebhook',
      SINKS: 'a2a',
      DEFAULT_TASK_QUEUE: 'a2a',
      SEARCH_ATTRIBUTES: { A2aAgent: 'Keyword', A2aContext: 'Keyword', A2aState: 'Keyword' },
      STATE_WORKFLOW_TYPE: 'a2aState',
      STATE_UPDATE: 'change',
      STATE_QUERY: 'read',
      STATE_REFUSED: 'A2AStateRefused',
      REFUSED: 'A2ARefused',
      AGENT_NOT_SERVED: 'AgentNotServed',
    })
  })

  it('what an author can import', () => {
    expect(Object.keys(entry).sort()).toEqual([
      'A2AError',
      'Agent',
      'AgentDefinitionError',
      'ApprovalDenied',
      'AskTimeout',
      'AuthenticationConfigError',
      'CalledTaskError',
      'ChangedOrderError',
      'CredentialRefused',
      'IdleTimeoutError',
      'Message',
      'Response',
      'StateError',
      'StepError',
      'StoreDatabaseError',
      'TemporalNotFoundError',
      'TemporalStartError',
      'TemporalVersionError',
      'TurnStopped',
      'agent',
      'agentDefinition',
      'apiKeys',
      'artifact',
      'asFunctionCall',
      'asFunctionResponse',
      'authRequired',
      'capability',
      'complete',
      'contextAware',
      'data',
      'fail',
      'file',
      'functionCall',
      'functionResponse',
      'inputRequired',
      'isA2AError',
      'jwt',
      'message',
      'messageHandler',
      'rateLimited',
      'reject',
      'serve',
      'status',
      'streamingHandler',
      'text',
    ])
  })

  it('what a caller can import', () => {
    expect(Object.keys(client).sort()).toEqual([
      'A2AError',
      'CardNotVerifiedError',
      'DEFAULT_CLIENT_LIMITS',
      'TaskNotCompletedError',
      'apiKey',
      'bearer',
      'clientCredentials',
      'connect',
      'createCardCache',
      'isA2AError',
      'textOf',
      'verifyCard',
    ])
  })

  it('what who runs the parts apart can import', () => {
    const toStart = ['StoreDatabaseError', 'TemporalNotFoundError', 'TemporalStartError', 'TemporalVersionError']
    expect(Object.keys(server).sort()).toEqual(
      [
        ...toStart,
        ...['CardKeyError', 'DEFAULT_LIMITS', 'InProcessBus', 'MemoryEngine', 'NatsConfigError', 'SecretError'],
        ...['createServer', 'startGateway'],
      ].sort(),
    )
    expect(Object.keys(worker).sort()).toEqual([...toStart, 'NatsConfigError', 'SecretError', 'startWorker'].sort())
  })

  it('what who comes from another SDK can import', () => {
    expect(Object.keys(compat).sort()).toEqual(['Client', 'ClientFactory', 'fromExecutor'])
    expect(Object.keys(testing).sort()).toEqual(['AgentTester', 'outline', 'startTestServer', 'test'])
  })

  it('ids of workflows that keep state', () => {
    const ref = { tenant: 't/1', agentId: 'echo', owner: 'someone', contextId: 'c' }
    expect(stateWorkflowId({ ...ref, scope: 'context' })).toBe(
      'a2a-state/t%2F1/echo/context/6sivadPfXJNzfyZcvZQIVzy7JpxXxA29A2Lk2zOahmA',
    )
    expect(stateWorkflowId({ ...ref, scope: 'agent', owner: '', contextId: '' })).toBe('a2a-state/t%2F1/echo/agent')
  })

  it('limits of state', () => {
    expect(STATE_LIMITS).toEqual({
      bytes: 65_536,
      keys: 1_000,
      keyLength: 200,
      turns: 2_000,
      holdMs: 15_000,
      keptMs: { context: 7_776_000_000, caller: 31_536_000_000, agent: undefined },
    })
  })

  it('times of a turn: what a killed worker costs follows from them', () => {
    expect(DEFAULT_TURN).toMatchObject({ checkpointMs: 2_000, heartbeatTimeoutMs: 6_000 })
  })

  it('limits', () => {
    expect(DEFAULT_LIMITS).toEqual({
      maxBodyBytes: 4_194_304,
      bodyTimeoutMs: 30_000,
      maxMessageBytes: 4_194_304,
      maxAnswerBytes: 167_772_160,
      authenticateMs: 10_000,
      maxConnections: 10_000,
      maxStreamsPerCaller: 1_000,
      maxHeaderBytes: 32_768,
      headersTimeoutMs: 10_000,
      keepAliveMs: 75_000,
      maxStreamsPerConnection: 1_000,
      maxSessionMemoryMb: 50,
      streamResetBurst: 1_000,
      streamResetRate: 33,
      pingMs: 15_000,
      pingTimeoutMs: 5_000,
      stallMs: 30_000,
      heartbeatMs: 15_000,
      maxStreamMs: 3_600_000,
      blockingMs: 300_000,
      pageTokenMs: 3_600_000,
      drainMs: 2_000,
      lameDuckMs: 0,
    })
  })
})
