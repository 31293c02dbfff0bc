/** Names of 0.3, in its JSON and in its protobuf schema, and what they are called in 1.0. */

/** Both ways of a table of words. */
export interface Words {
  readonly toV1: ReadonlyMap<string, string>
  readonly fromV1: ReadonlyMap<string, string>
}

function words(pairs: readonly (readonly [older: string, v1: string])[]): Words {
  return { toV1: new Map(pairs), fromV1: new Map(pairs.map(([older, v1]) => [v1, older])) }
}

export const STATES = words([
  ['unknown', 'TASK_STATE_UNSPECIFIED'],
  ['submitted', 'TASK_STATE_SUBMITTED'],
  ['working', 'TASK_STATE_WORKING'],
  ['completed', 'TASK_STATE_COMPLETED'],
  ['failed', 'TASK_STATE_FAILED'],
  ['canceled', 'TASK_STATE_CANCELED'],
  ['input-required', 'TASK_STATE_INPUT_REQUIRED'],
  ['rejected', 'TASK_STATE_REJECTED'],
  ['auth-required', 'TASK_STATE_AUTH_REQUIRED'],
])

export const ROLES = words([
  ['user', 'ROLE_USER'],
  ['agent', 'ROLE_AGENT'],
])

/** The schema of 0.3 differs from 1.0 in the spelling of one state. */
export const PROTO_STATES = words([['TASK_STATE_CANCELLED', 'TASK_STATE_CANCELED']])
