/** What is told of a card that cannot be trusted. */

/** No signature of the card is one of a trusted key. */
export class CardNotVerifiedError extends Error {
  override readonly name = 'CardNotVerifiedError'
}
