/** Turns that a worker runs at once, when nothing else is said. */
export const DEFAULT_MAX_TURNS = 2_000
