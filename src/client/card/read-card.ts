/** An agent card as far as this client relies on it. */
import type { JsonObject } from '@bufbuild/protobuf'
import type { AgentCardJson } from '../../../gen/lf/a2a/v1/a2a_pb.js'
import { invalidAnswer } from '../errors.js'

/**
 * A card of A2A 1.0, or one of 0.2 and 0.3 in the form of 1.0. A card with both shapes is one of 1.0.
 *
 * @throws A2AError INVALID_AGENT_RESPONSE
 */
export async function readCardJson(json: JsonObject): Promise<AgentCardJson> {
  const card = isOldCard(json) ? (await import('./card-v03.js')).upgradeCard(json) : json
  const { name, supportedInterfaces } = card
  if (typeof name !== 'string' || !Array.isArray(supportedInterfaces)) throw invalidAnswer('no agent card')
  for (const each of supportedInterfaces) {
    if (typeof each !== 'object' || each === null || Array.isArray(each) || typeof each.url !== 'string') {
      throw invalidAnswer('no agent card: an interface without a URL')
    }
  }
  return card as AgentCardJson
}

function isOldCard(json: JsonObject): boolean {
  return !Array.isArray(json.supportedInterfaces) && typeof json.url === 'string'
}
