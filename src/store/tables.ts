/** Row types of the tables. Times are milliseconds since 1970; JSON columns hold ProtoJSON as text. */
import type { ProtocolVersion } from '../a2a/service-params.js'

export interface TaskTable {
  /** Tenant, agent and task id as one text, see `taskKey`. */
  key: string
  tenant: string
  agent_id: string
  task_id: string
  owner: string
  context_id: string
  request_hash: string | null
  state: string
  status_time: number
  revision: number
  /** Number of the change with which the task came to its present place in the order of lists. */
  since: number
  created_at: number
  /** 1 when nothing can happen any more. */
  ended: number
  /** 1 when the agent answered with a Message, so that there is no task to list. */
  hidden: number
  checked_at: number
  /** Messages in the history. */
  messages: number
  status: string
  metadata: string | null
  position: string
  answer: string | null
}

export interface MessageTable {
  key: string
  /** Place in the history, from 0. */
  place: number
  json: string
}

export interface ArtifactTable {
  key: string
  artifact_id: string
  /** Place among the task's artifacts, from 0. */
  place: number
  json: string
}

/** Where a task stood in the order of lists before its status changed, for walks that began before. */
export interface PlaceTable {
  key: string
  tenant: string
  agent_id: string
  owner: string
  task_id: string
  status_time: number
  since: number
  until: number
  /** When the place was left. */
  left_at: number
}

/** How many tasks a caller has in a state, so that nobody has to count them. */
export interface TallyTable {
  tenant: string
  agent_id: string
  owner: string
  state: string
  tasks: number
}

/**
 * `change`: the number of the latest change of any task. `round`: from when on the next comparison with Temporal may begin.
 * `reconciled`: up to when the store has been compared, by Temporal's clock. `push`: changes of webhooks.
 */
export interface CounterTable {
  name: string
  value: number
}

/** A webhook that a caller has registered for a task. No copy of anything: what is lost here is lost. */
export interface PushConfigTable {
  /** The task's key. */
  key: string
  config_id: string
  /** The principal that registered it. */
  owner: string
  /** `TaskPushNotificationConfig` without its secrets. */
  config: string
  /** Token, credentials and signing secret, encrypted by whoever wrote them; null without any. */
  sealed: string | null
  /** Of A2A, that it was registered with. */
  version: ProtocolVersion
  created_at: number
  /** From when on nothing is delivered, and why; null while it works. */
  disabled_at: number | null
  disabled_because: string | null
}

/** One event on its way to one webhook. */
export interface DeliveryTable {
  /** The `webhook-id` that its receiver sees. */
  delivery_id: string
  key: string
  config_id: string
  /** Order of the deliveries to one webhook: it grows, with gaps. */
  number: number
  state: 'pending' | 'delivered' | 'failed'
  /** What is sent: a `StreamResponse`. */
  body: string
  attempts: number
  created_at: number
  updated_at: number
}

export interface DeliveryAttemptTable {
  delivery_id: string
  /** From 1. */
  attempt: number
  at: number
  /** How long it took, in milliseconds. */
  took: number
  /** HTTP status of the answer; null when there was none. */
  status: number | null
  /** Why it failed, for people; null when it did not. */
  cause: string | null
}

/** A large value, by the hash of its bytes. */
export interface BlobTable {
  hash: string
  size: number
  /** When it was last written or found to be there already. */
  touched_at: number
}

export interface BlobChunkTable {
  hash: string
  /** From 0. */
  place: number
  content: Uint8Array
}

/** A task refers to a blob. */
export interface BlobUseTable {
  key: string
  hash: string
}

export interface Tables {
  blob: BlobTable
  blob_chunk: BlobChunkTable
  blob_use: BlobUseTable
  push_config: PushConfigTable
  delivery: DeliveryTable
  delivery_attempt: DeliveryAttemptTable
  task: TaskTable
  message: MessageTable
  artifact: ArtifactTable
  place: PlaceTable
  tally: TallyTable
  counter: CounterTable
}
