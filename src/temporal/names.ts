/**
 * Every name that ends up in a Temporal history or namespace. A history outlives the code that wrote it, so none of these
 * may change; `test/pins` holds them.
 */

export const WORKFLOW_TYPE = 'a2aTask'
export const TURN_ACTIVITY = 'agentTurn'
/** Update: a further message of the caller. */
export const MESSAGE_UPDATE = 'message'
/** Update without effect: once it is answered, everything before it is durable. */
export const CONFIRM_UPDATE = 'confirm'
/** Workflow that keeps the state of one scope. */
export const STATE_WORKFLOW_TYPE = 'a2aState'
/** Update: a change of that state. What cannot be made is refused with {@link STATE_REFUSED}, and leaves no trace. */
export const STATE_UPDATE = 'change'
/** Query: the state as it is. */
export const STATE_QUERY = 'read'
export const SINKS = 'a2a'
/** Task queue of workflows and turns, unless the operator names another. */
export const DEFAULT_TASK_QUEUE = 'a2a'

/**
 * Search attributes, for operators only: nothing depends on them. The state is set when a turn ends otherwise than
 * COMPLETED; a task without it is working, or has completed when its workflow has.
 */
export const SEARCH_ATTRIBUTES = {
  A2aAgent: 'Keyword',
  A2aContext: 'Keyword',
  A2aState: 'Keyword',
} as const

/** Types of the failures that carry an A2A error through Temporal. */
export const REFUSED = 'A2ARefused'
/** Type of the failure that says why a state was not changed. */
export const STATE_REFUSED = 'A2AStateRefused'
export const AGENT_NOT_SERVED = 'AgentNotServed'
