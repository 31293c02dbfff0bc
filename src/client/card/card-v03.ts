/** Agent cards of A2A 0.2 and 0.3 in the form of 1.0 (A2A 0.3, section 5). */
import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import type {
  AgentCardJson,
  AgentInterfaceJson,
  AgentSkillJson,
  OAuthFlowsJson,
  SecurityRequirementJson,
  SecuritySchemeJson,
} from '../../../gen/lf/a2a/v1/a2a_pb.js'
import { invalidAnswer } from '../errors.js'

/** @throws A2AError INVALID_AGENT_RESPONSE no card of 0.2 or 0.3 either */
export function upgradeCard(json: JsonObject): AgentCardJson {
  if (typeof json.name !== 'string') throw invalidAnswer('no agent card')
  const { url, preferredTransport, additionalInterfaces, supportsAuthenticatedExtendedCard, security } = json
  const protocolVersion = text(json.protocolVersion) ?? '0.2'
  const interfaces = [{ url: String(url), protocolBinding: text(preferredTransport) ?? 'JSONRPC', protocolVersion }]
  for (const each of list(additionalInterfaces)) {
    const added = { url: String(each.url), protocolBinding: String(each.transport), protocolVersion }
    if (!interfaces.some((known) => known.url === added.url && known.protocolBinding === added.protocolBinding)) {
      interfaces.push(added)
    }
  }
  const capabilities = object(json.capabilities)
  return {
    name: json.name,
    description: text(json.description) ?? '',
    version: text(json.version) ?? '',
    supportedInterfaces: interfaces satisfies AgentInterfaceJson[],
    capabilities: {
      streaming: capabilities.streaming === true,
      pushNotifications: capabilities.pushNotifications === true,
      extendedAgentCard: supportsAuthenticatedExtendedCard === true,
      ...(Array.isArray(capabilities.extensions) ? { extensions: capabilities.extensions as object[] } : {}),
    },
    defaultInputModes: strings(json.defaultInputModes),
    defaultOutputModes: strings(json.defaultOutputModes),
    skills: list(json.skills).map(upgradeSkill),
    securitySchemes: Object.fromEntries(
      Object.entries(object(json.securitySchemes)).flatMap(([name, scheme]) => upgradeScheme(name, object(scheme))),
    ),
    securityRequirements: requirements(security),
    ...(json.provider === undefined
      ? {}
      : { provider: object(json.provider) as NonNullable<AgentCardJson['provider']> }),
    ...(typeof json.documentationUrl === 'string' ? { documentationUrl: json.documentationUrl } : {}),
    ...(typeof json.iconUrl === 'string' ? { iconUrl: json.iconUrl } : {}),
    ...(Array.isArray(json.signatures)
      ? { signatures: json.signatures as NonNullable<AgentCardJson['signatures']> }
      : {}),
  }
}

function upgradeSkill({ security, ...skill }: JsonObject): AgentSkillJson {
  const required = requirements(security)
  return { ...(skill as AgentSkillJson), ...(required.length === 0 ? {} : { securityRequirements: required }) }
}

function requirements(security: JsonValue | undefined): SecurityRequirementJson[] {
  return list(security).map((entry) => ({
    schemes: Object.fromEntries(Object.entries(entry).map(([name, scopes]) => [name, { list: strings(scopes) }])),
  }))
}

/** In 1.0 a scheme has one flow: one with several becomes several schemes. */
function upgradeScheme(name: string, scheme: JsonObject): [string, SecuritySchemeJson][] {
  const { type, in: location, flows, ...rest } = scheme
  switch (type) {
    case 'apiKey':
      return [[name, { apiKeySecurityScheme: { ...rest, location: String(location) } }]]
    case 'http':
      return [[name, { httpAuthSecurityScheme: rest }]]
    case 'openIdConnect':
      return [[name, { openIdConnectSecurityScheme: rest }]]
    case 'mutualTLS':
      return [[name, { mtlsSecurityScheme: rest }]]
    case 'oauth2':
      return Object.entries(object(flows)).map(([flow, settings], index) => [
        index === 0 ? name : `${name}-${flow}`,
        { oauth2SecurityScheme: { ...rest, flows: { [flow]: settings } as OAuthFlowsJson } },
      ])
    default:
      return []
  }
}

function text(json: JsonValue | undefined): string | undefined {
  return typeof json === 'string' && json !== '' ? json : undefined
}

function object(json: JsonValue | undefined): JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json) ? json : {}
}

function list(json: JsonValue | undefined): JsonObject[] {
  return Array.isArray(json) ? json.map(object) : []
}

function strings(json: JsonValue | undefined): string[] {
  return Array.isArray(json) ? json.filter((item) => typeof item === 'string') : []
}
