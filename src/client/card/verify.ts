/** Verification of signed cards, loaded when it is used: most callers never do. */
import type { VerifiedCard, VerifyCardOptions } from '../../card/verify-card.js'

export type { VerifiedCard, VerifyCardOptions }

/**
 * The card as one of its signatures covers it. Use what this returns and not the card that came: values that no signature
 * covers are not in it.
 *
 * @param card as it came, of A2A 1.0 or 0.3
 * @throws CardNotVerifiedError no signature of the card is one of a trusted key
 */
export async function verifyCard<Card extends object>(
  card: Card,
  options: VerifyCardOptions,
): Promise<VerifiedCard<Card>> {
  const { verifyCard: verify } = await import('../../card/verify-card.js')
  return verify(card, options)
}
