/** The forms that agent cards are served in. */

export const CARD_MODES = ['v1', 'v0.3', 'hybrid'] as const

/** `v1`: as A2A 1.0 has it. `v0.3`: as 0.3 had it. `hybrid`: one document that is both. */
export type CardMode = (typeof CARD_MODES)[number]
