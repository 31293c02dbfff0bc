/** How requests and answers look on the two wires whose streams are server-sent events. */
import type { StreamResponseJson, TaskJson } from '../../../gen/lf/a2a/v1/a2a_pb.js'

export type WireName = 'jsonrpc' | 'rest'
export type Operation =
  | 'SendMessage'
  | 'SendStreamingMessage'
  | 'GetTask'
  | 'CancelTask'
  | 'SubscribeToTask'
  | 'ListTasks'

export interface WireRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body: string
}

export interface Wire {
  request(agent: string, operation: Operation, params: Record<string, unknown>): WireRequest
  /** What an answer or an event holds. */
  result(json: Record<string, unknown>): Record<string, unknown>
  /** Reason and text of an error, if it is one. */
  error(json: Record<string, unknown>): { reason: string; text: string } | undefined
}

interface ErrorBody {
  readonly message?: string
  readonly details?: readonly { readonly reason?: string }[]
  readonly data?: readonly { readonly reason?: string }[]
}

const REST_PATHS: Record<Operation, (params: Record<string, unknown>) => string> = {
  SendMessage: () => '/message:send',
  SendStreamingMessage: () => '/message:stream',
  GetTask: ({ id }) => `/tasks/${id}`,
  CancelTask: ({ id }) => `/tasks/${id}:cancel`,
  SubscribeToTask: ({ id }) => `/tasks/${id}:subscribe`,
  ListTasks: () => '/tasks',
}

export const WIRES: Readonly<Record<WireName, Wire>> = {
  jsonrpc: {
    request: (agent, operation, params) => ({
      method: 'POST',
      path: `/agents/${agent}`,
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: operation, params }),
    }),
    result: (json) => json.result as Record<string, unknown>,
    error: (json) => reasonOf(json.error as ErrorBody | undefined),
  },
  rest: {
    request: (agent, operation, params) => {
      const get = operation === 'GetTask' || operation === 'ListTasks'
      return {
        method: get ? 'GET' : 'POST',
        path: `/agents/${agent}${REST_PATHS[operation](params)}`,
        body: get || operation === 'CancelTask' || operation === 'SubscribeToTask' ? '' : JSON.stringify(params),
      }
    },
    result: (json) => json,
    error: (json) => reasonOf(json.error as ErrorBody | undefined),
  },
}

function reasonOf(error: ErrorBody | undefined): { reason: string; text: string } | undefined {
  if (error === undefined) return undefined
  const reason = [...(error.details ?? []), ...(error.data ?? [])].find((detail) => detail.reason !== undefined)?.reason
  return { reason: reason ?? 'UNKNOWN', text: error.message ?? '' }
}

/** A Task is an answer of its own, or wrapped, depending on operation and wire. */
export function taskIn(result: Record<string, unknown>): TaskJson | undefined {
  if (result.task !== undefined) return result.task as TaskJson
  return result.status === undefined ? undefined : (result as TaskJson)
}

export function eventIn(result: Record<string, unknown>): StreamResponseJson {
  return result as StreamResponseJson
}
