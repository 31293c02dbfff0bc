/**
 * Which version of A2A a request speaks: the one place where that is decided, for every wire.
 *
 * A request may ask with `A2A-Version`. One that does not is known by its method's name, its path or its package, none of
 * which two versions share.
 */
import { PROTOCOL_VERSIONS, type ProtocolVersion, spokenVersion } from '../a2a/service-params.js'

export interface VersionOptions {
  /** Refuses requests that speak 1.0 and do not say so. */
  readonly strictVersion: boolean
}

/** The path of the older specification's JSON-RPC endpoint and, below it, of its REST paths and its stream. */
export const OLD_PATH = '/a2a'

export const V0_3_PATH = '/v1'

/** What REST paths of older versions begin with. */
export const OLDER_PATHS = [V0_3_PATH, OLD_PATH]

/** Methods were called `message/send` before 1.0 and are called `SendMessage` since. */
export function jsonRpcVersion(
  asked: string | undefined,
  { method, path }: { readonly method: string; readonly path: string },
  { strictVersion }: VersionOptions,
): ProtocolVersion {
  const implied = !method.includes('/') ? '1.0' : path === OLD_PATH ? '0.2' : '0.3'
  return spokenVersion(asked, implied, PROTOCOL_VERSIONS, strictVersion)
}

/** Where 0.2.5 had the card for authenticated callers. */
const OLD_EXTENDED_CARD_PATH = '/agent/authenticatedExtendedCard'

/** What a REST path implies: paths began with `/v1` in 0.3, and those below `/a2a` are older. */
export function restPathVersion(path: string): ProtocolVersion {
  if (isBelow(path, V0_3_PATH)) return '0.3'
  return isBelow(path, OLD_PATH) || path === OLD_EXTENDED_CARD_PATH ? '0.2' : '1.0'
}

export function restVersion(
  asked: string | undefined,
  path: string,
  { strictVersion }: VersionOptions,
): ProtocolVersion {
  return spokenVersion(asked, restPathVersion(path), PROTOCOL_VERSIONS, strictVersion)
}

/** On gRPC and Connect the package says it all. */
export function rpcVersion(
  asked: string | undefined,
  ofPackage: ProtocolVersion,
  { strictVersion }: VersionOptions,
): ProtocolVersion {
  return spokenVersion(asked, ofPackage, [ofPackage], strictVersion)
}

export function isBelow(path: string, prefix: string): boolean {
  return path.startsWith(`${prefix}/`)
}
