/** How long handlers are let be, on every engine, unless an option says otherwise. */

/** How long a handler may go on after it was told to stop, in milliseconds. */
export const GRACE_MS = 2_000
/** How long it may wait in the process, for a sleep or for another agent, before it is left, in milliseconds. */
export const SUSPEND_AFTER_MS = 30_000
