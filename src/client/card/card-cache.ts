/** Cards that were read before, so that they are asked for by ETag (A2A section 8.6.2, RFC 9111). */
import { Lru } from '../../internal/lru.js'

/** A card with what is needed to ask whether it has changed. */
export interface CachedCard {
  readonly text: string
  readonly etag?: string
  /** Milliseconds since 1970 until which it may be used without asking. */
  readonly freshUntil: number
}

/** By URL of the card. Give your own to share or keep them. */
export interface CardCache {
  /** The card of that URL, when it is known. */
  get(url: string): CachedCard | undefined
  /** Keeps a card until there is no room for it. */
  set(url: string, card: CachedCard): void
}

const MAX_CARDS = 200

/** In memory, the 200 cards that were used last. */
export function createCardCache(): CardCache {
  return new Lru<string, CachedCard>(MAX_CARDS)
}

/** Used by every `connect` that is given no other. */
export const sharedCards: CardCache = createCardCache()
