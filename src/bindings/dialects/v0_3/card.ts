/** Agent cards of 1.0 as cards of 0.3, and one document that is both. Pure. The way back is the client's. */
import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import type {
  AgentCardJson,
  AgentInterfaceJson,
  AgentSkillJson,
  OAuthFlowsJson,
  SecurityRequirementJson,
  SecuritySchemeJson,
} from '../../../../gen/lf/a2a/v1/a2a_pb.js'
import { compact, pick } from '../fields.js'

/** What cards of 0.3 say about the protocol. */
const V0_3 = '0.3.0'

const isV0_3 = ({ protocolVersion }: AgentInterfaceJson) => protocolVersion === '0.3' || protocolVersion === V0_3

/** A card of 0.3 names the interfaces of 0.3 only; the first of them is its `url`. */
export function cardFromV1(card: AgentCardJson): JsonObject {
  const { streaming, pushNotifications, extensions } = card.capabilities ?? {}
  return compact({
    ...pick(card as JsonObject, ['name', 'description', 'provider', 'iconUrl', 'version', 'documentationUrl']),
    ...olderKeys(card),
    capabilities: compact({ streaming, pushNotifications, extensions: extensions as JsonValue | undefined }),
    securitySchemes: card.securitySchemes && schemesOf(card.securitySchemes, schemeFromV1),
    defaultInputModes: card.defaultInputModes ?? [],
    defaultOutputModes: card.defaultOutputModes ?? [],
    skills: (card.skills ?? []).map(skillFromV1),
  })
}

/** Cards of both versions in one: that of 1.0 with the keys of 0.3 beside its own. */
export function hybridCard(card: AgentCardJson): JsonObject {
  const older = cardFromV1(card)
  const schemes = older.securitySchemes as Record<string, JsonObject> | undefined
  return compact({
    ...(card as JsonObject),
    ...olderKeys(card),
    securitySchemes:
      card.securitySchemes &&
      schemesOf(card.securitySchemes, (scheme, name) => ({ ...(scheme as JsonObject), ...schemes?.[name] })),
    skills: (card.skills ?? []).map((skill) =>
      compact({ ...(skill as JsonObject), security: securityFromV1(skill.securityRequirements) }),
    ),
  })
}

/** What a card of 0.3 has at its top that one of 1.0 has not. */
function olderKeys(card: AgentCardJson): JsonObject {
  const [main, ...others] = (card.supportedInterfaces ?? []).filter(isV0_3)
  return compact({
    protocolVersion: V0_3,
    url: main?.url ?? '',
    preferredTransport: main?.protocolBinding,
    // The main one again, as the specification asks for.
    additionalInterfaces:
      main &&
      [main, ...others].map(({ url, protocolBinding }) => ({ url: url ?? '', transport: protocolBinding ?? '' })),
    security: securityFromV1(card.securityRequirements),
    supportsAuthenticatedExtendedCard: card.capabilities?.extendedAgentCard,
  })
}

function skillFromV1({ securityRequirements, ...skill }: AgentSkillJson): JsonObject {
  return compact({
    ...pick(skill as JsonObject, ['id', 'name', 'description', 'examples', 'inputModes', 'outputModes']),
    tags: skill.tags ?? [],
    security: securityFromV1(securityRequirements),
  })
}

function securityFromV1(requirements: readonly SecurityRequirementJson[] | undefined): JsonValue | undefined {
  return requirements?.map(({ schemes = {} }) =>
    Object.fromEntries(Object.entries(schemes).map(([name, { list = [] }]) => [name, [...list]])),
  )
}

function schemesOf(
  schemes: Readonly<Record<string, SecuritySchemeJson>>,
  translate: (scheme: SecuritySchemeJson, name: string) => JsonObject,
): JsonObject {
  return Object.fromEntries(Object.entries(schemes).map(([name, scheme]) => [name, translate(scheme, name)]))
}

/** 1.0 names the kind of a scheme by its key, 0.3 by `type`. */
export function schemeFromV1(scheme: SecuritySchemeJson): JsonObject {
  if (scheme.apiKeySecurityScheme !== undefined) {
    const { description, location, name } = scheme.apiKeySecurityScheme
    return compact({ type: 'apiKey', description, in: location, name })
  }
  if (scheme.httpAuthSecurityScheme !== undefined) {
    return { type: 'http', ...(scheme.httpAuthSecurityScheme as JsonObject) }
  }
  if (scheme.oauth2SecurityScheme !== undefined) {
    const { description, flows, oauth2MetadataUrl } = scheme.oauth2SecurityScheme
    return compact({ type: 'oauth2', description, flows: flowsFromV1(flows ?? {}), oauth2MetadataUrl })
  }
  if (scheme.openIdConnectSecurityScheme !== undefined) {
    return { type: 'openIdConnect', ...(scheme.openIdConnectSecurityScheme as JsonObject) }
  }
  return compact({ type: 'mutualTLS', description: scheme.mtlsSecurityScheme?.description })
}

/** The device flow is younger than 0.3, and so is the demand for PKCE. */
export function flowsFromV1({ deviceCode: _, authorizationCode, ...others }: OAuthFlowsJson): JsonObject {
  if (authorizationCode === undefined) return others as JsonObject
  const { pkceRequired: __, ...code } = authorizationCode
  return { ...(others as JsonObject), authorizationCode: code as JsonObject }
}
