/**
 * Every name that ends up in a Temporal history or namespace. A history outlives the code that wrote it, so none of these
 * may change; `test/pins` holds them.
 */

export const WORKFLOW_TYPE = 'a2aTask'
export const TURN_ACTIVITY = 'agentTurn'
/** Looks at a turn that is about to be canceled. */
export const LOOK_ACTIVITY = 'lookAtTurn'
/** Since this change a workflow looks at its turn before it cancels it. */
export const LOOK_CHANGE = 'look-before-cancel'
/** Since this change a workflow goes on, before it continues as new, while its webhooks cannot be told. */
export const RENEW_CHANGE = 'renew-when-told'
/** Update: a further message of the caller. */
export const MESSAGE_UPDATE = 'message'
/** Update without effect: once it is answered, everything before it is durable. */
export const CONFIRM_UPDATE = 'confirm'
/** Signal: webhooks are told of the task from now on. */
export const WEBHOOKS_SIGNAL = 'webhooks'
/** Puts what the webhooks of a task are told of a state on its way. */
export const TELL_ACTIVITY = 'tellWebhooks'
/** What waits for one webhook of one task, delivered in order. */
export const PUSH_WORKFLOW_TYPE = 'a2aPush'
/** Signal: one more delivery. */
export const DUE_SIGNAL = 'due'
/** Signal: the next attempt is made now. */
export const WAKE_SIGNAL = 'wake'
/** One attempt at a delivery. */
export const DELIVER_ACTIVITY = 'deliverToWebhook'
/** Workflow that keeps the state of one scope. */
export const STATE_WORKFLOW_TYPE = 'a2aState'
/** Update: a change of that state. What cannot be made is refused with {@link STATE_REFUSED}, and leaves no trace. */
export const STATE_UPDATE = 'change'
/** Query: the state as it is. */
export const STATE_QUERY = 'read'
/** Signal: an agent that the handler waits for has answered. */
export const ANSWERED_SIGNAL = 'answered'
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
