/** Which of an agent's interfaces this client uses (A2A section 8.3.2). */
import type { AgentCardJson, AgentInterfaceJson } from '../../../gen/lf/a2a/v1/a2a_pb.js'
import { A2AError } from '../../a2a/errors.js'
import { majorMinor } from '../../a2a/service-params.js'
import type { TransportName } from '../transport.js'
import { interfaceUrl, isHttp } from './origins.js'

export interface ChosenInterface {
  readonly transport: TransportName
  readonly protocolVersion: '1.0' | '0.3'
  readonly url: string
  /** Copied into every request. */
  readonly tenant: string | undefined
}

export interface ChoiceOptions {
  /** In the order of preference; undefined: as the card has it, gRPC last. */
  readonly transports: readonly TransportName[] | undefined
  /** Whether an interface at this URL may be called at all. */
  mayCall(url: string): boolean
}

/** The card's names of bindings that have a transport here. */
const BINDINGS: Readonly<Record<string, TransportName>> = { JSONRPC: 'jsonrpc', 'HTTP+JSON': 'rest', GRPC: 'grpc' }
/** Without a preference gRPC comes last: it needs HTTP/2, which `fetch` cannot promise. */
const BY_CARD: readonly TransportName[] = ['jsonrpc', 'rest']

/**
 * The first interface that can be used: A2A 1.0 before 0.3, then the caller's order, then the card's.
 *
 * Connect is no binding of A2A and on no card: it is spoken at the URL of an HTTP interface, when the caller prefers it.
 *
 * @throws A2AError UNSUPPORTED_OPERATION no interface fits; says why
 */
export function chooseInterface(card: AgentCardJson, options: ChoiceOptions): ChosenInterface {
  const offered = (card.supportedInterfaces ?? []).flatMap(toOffer)
  const allowed = offered.filter(({ url }) => options.mayCall(url))
  const wanted: readonly (readonly TransportName[])[] = options.transports?.map((name) => [name]) ?? [BY_CARD, ['grpc']]
  for (const version of ['1.0', '0.3'] as const) {
    for (const names of wanted) {
      const found = allowed
        .filter(({ protocolVersion }) => protocolVersion === version)
        .map((offer) => as(offer, names))
        .find((offer) => offer !== undefined)
      if (found !== undefined) return found
    }
  }
  throw noInterface(card, offered, allowed, options.transports)
}

function as(offer: ChosenInterface, names: readonly TransportName[]): ChosenInterface | undefined {
  // What is left of A2A 0.3 here is its JSON-RPC.
  if (offer.protocolVersion === '0.3' && offer.transport !== 'jsonrpc') return undefined
  if (names.includes(offer.transport)) return offer
  if (names.includes('connect') && offer.transport !== 'grpc' && offer.protocolVersion === '1.0') {
    return { ...offer, transport: 'connect' }
  }
  return undefined
}

function toOffer({ url, protocolBinding, protocolVersion, tenant }: AgentInterfaceJson): ChosenInterface[] {
  const transport = BINDINGS[protocolBinding ?? '']
  const version = majorMinor(protocolVersion)
  if (transport === undefined || url === undefined || version === undefined) return []
  if (!isAddress(transport, url)) return []
  const spoken = version.startsWith('1.') ? '1.0' : /^0\.[23]$/.test(version) ? '0.3' : undefined
  if (spoken === undefined) return []
  return [{ transport, protocolVersion: spoken, url, tenant: tenant === '' ? undefined : tenant }]
}

/** Those of gRPC have no scheme (A2A section 8.3.1). */
function isAddress(transport: TransportName, url: string): boolean {
  return transport === 'grpc' ? interfaceUrl(url, 'https:') !== undefined : isHttp(url)
}

function isNowhere({ protocolBinding = '', url = '' }: AgentInterfaceJson): boolean {
  const transport = BINDINGS[protocolBinding]
  return transport !== undefined && !isAddress(transport, url)
}

function noInterface(
  card: AgentCardJson,
  offered: readonly ChosenInterface[],
  allowed: readonly ChosenInterface[],
  transports: readonly TransportName[] | undefined,
): A2AError {
  const named = (card.supportedInterfaces ?? []).map(
    ({ protocolBinding, protocolVersion, url }) => `${protocolBinding} ${protocolVersion} at ${url}`,
  )
  const why =
    offered.length > 0 && allowed.length === 0
      ? 'they are on other hosts than the card; name their origins in the option "origins" to call them'
      : offered.length === 0 && (card.supportedInterfaces ?? []).some(isNowhere)
        ? 'an interface needs an absolute http or https URL'
        : transports === undefined
          ? 'none is spoken here'
          : `none is spoken over ${transports.join(' or ')}`
  return new A2AError(
    'UNSUPPORTED_OPERATION',
    `No interface of the agent can be used: ${why}. The card has: ${named.join(', ') || 'none'}`,
  )
}
