/** Row types of the tables. Times are milliseconds since 1970; JSON columns hold ProtoJSON as text. */

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
 * `reconciled`: up to when the store has been compared, by Temporal's clock.
 */
export interface CounterTable {
  name: string
  value: number
}

export interface Tables {
  task: TaskTable
  message: MessageTable
  artifact: ArtifactTable
  place: PlaceTable
  tally: TallyTable
  counter: CounterTable
}
