/** Which card is served at which path (protocol note 8.6). */
import type { JsonObject } from '@bufbuild/protobuf'
import type { AgentCardJson } from '../../../gen/lf/a2a/v1/a2a_pb.js'
import type { CardMode } from '../../card/card-mode.js'
import type { CardSigner } from '../../card/sign-card.js'
import { cardFromV1, hybridCard } from '../dialects/v0_3/card.js'

/** The path, relative to the agent's base. */
export const CARD_PATH = '/.well-known/agent-card.json'

/** Where cards were before 0.3. */
export const OLD_CARD_PATH = '/.well-known/agent.json'

/** The cards of one agent by path, relative to its base. */
export async function cardsByPath(
  card: AgentCardJson,
  mode: CardMode,
  signers: readonly CardSigner[],
): Promise<ReadonlyMap<string, JsonObject>> {
  const current = await cardInMode(card, mode, signers)
  // Only clients of old ask at the old path, and they read nothing but the old form.
  const older = mode === 'v1' ? await cardInMode(card, 'v0.3', signers) : current
  return new Map([
    [CARD_PATH, current],
    [OLD_CARD_PATH, older],
  ])
}

async function cardInMode(card: AgentCardJson, mode: CardMode, signers: readonly CardSigner[]): Promise<JsonObject> {
  if (mode === 'v0.3') {
    const older = cardFromV1(card)
    return withSignatures(older, await Promise.all(signers.map((signer) => signer.signAsIs(older))))
  }
  const signed = await signedCard(card, signers)
  return mode === 'v1' ? (signed as JsonObject) : hybridCard(signed)
}

/** The card of 1.0 with a signature by each key. */
export async function signedCard(card: AgentCardJson, signers: readonly CardSigner[]): Promise<AgentCardJson> {
  const signatures = await Promise.all(signers.map((signer) => signer.sign(card as JsonObject)))
  return withSignatures(card as JsonObject, signatures as JsonObject[]) as AgentCardJson
}

function withSignatures(card: JsonObject, signatures: readonly object[]): JsonObject {
  return signatures.length === 0 ? card : { ...card, signatures: signatures as JsonObject[] }
}
