/** A card of 1.0 as ProtoJSON of the schema of 0.3. Pure. */
import type { JsonObject } from '@bufbuild/protobuf'
import type { AgentCardJson, SecuritySchemeJson } from '../../../../../gen/lf/a2a/v1/a2a_pb.js'
import { compact, pick } from '../../fields.js'
import { cardFromV1, flowsFromV1 } from '../card.js'

/** The card of 0.3 as in JSON, but security as in 1.0: there the two schemas are the same. */
export function protoCardFromV1(card: AgentCardJson): JsonObject {
  const { skills = [], securityRequirements, securitySchemes } = card
  return compact({
    ...cardFromV1(card),
    security: securityRequirements as JsonObject[] | undefined,
    securitySchemes: securitySchemes && mapSchemes(securitySchemes),
    skills: skills.map((skill) =>
      compact({
        ...pick(skill as JsonObject, ['id', 'name', 'description', 'tags', 'examples', 'inputModes', 'outputModes']),
        security: skill.securityRequirements as JsonObject[] | undefined,
      }),
    ),
  })
}

function mapSchemes(schemes: Readonly<Record<string, SecuritySchemeJson>>): JsonObject {
  return Object.fromEntries(
    Object.entries(schemes).map(([name, scheme]) => {
      const { oauth2SecurityScheme: oauth2 } = scheme
      if (oauth2?.flows === undefined) return [name, scheme as JsonObject]
      return [name, { oauth2SecurityScheme: { ...(oauth2 as JsonObject), flows: flowsFromV1(oauth2.flows) } }]
    }),
  )
}
