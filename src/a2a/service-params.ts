/** The service parameters of a request: version and extensions (A2A sections 3.2.6 and 3.6). */
import { A2AError } from './errors.js'

/** Versions that are served, the newest first. `0.2` is 0.2.5 and what came before it with the same methods. */
export const PROTOCOL_VERSIONS = ['1.0', '0.3', '0.2'] as const

export type ProtocolVersion = (typeof PROTOCOL_VERSIONS)[number]

/** The version that everything inside speaks. */
export const PROTOCOL_VERSION = '1.0' satisfies ProtocolVersion

/** Header and metadata names; HTTP headers and gRPC metadata are case-insensitive, so lower case serves both. */
export const VERSION_HEADER = 'a2a-version'
export const EXTENSIONS_HEADER = 'a2a-extensions'
/** What it was called before 1.0. */
export const OLD_EXTENSIONS_HEADER = 'x-a2a-extensions'
/** Ours, not A2A's: the same key finds the same task again (protocol note D4). */
export const IDEMPOTENCY_HEADER = 'idempotency-key'
/** The cursor of the last event a reader has, on SubscribeToTask. The name is that of server-sent events. */
export const LAST_EVENT_ID_HEADER = 'last-event-id'

/** `1.0.1` as `1.0`; undefined for nothing or blanks. A value that is no version is returned as it came. */
export function majorMinor(version: string | undefined): string | undefined {
  const text = version?.trim()
  if (text === undefined || text === '') return undefined
  const match = /^(\d{1,4}\.\d{1,4})(?:\.\d{1,6})?$/.exec(text)
  return match?.[1] ?? text
}

/**
 * The version that a request speaks: the one it asks for, else the one that its method, path or package implies (decision
 * D5).
 *
 * @param served the versions that there are on this wire
 * @param strict nothing is taken for 1.0 that does not say so; an older version never had a way to
 * @throws A2AError VERSION_NOT_SUPPORTED
 */
export function spokenVersion(
  asked: string | undefined,
  implied: ProtocolVersion,
  served: readonly ProtocolVersion[],
  strict: boolean,
): ProtocolVersion {
  const version = majorMinor(asked)
  if (version === undefined && !(strict && implied === PROTOCOL_VERSION)) return implied
  const found = served.find((each) => each === version)
  if (found !== undefined) return found
  throw new A2AError(
    'VERSION_NOT_SUPPORTED',
    version === undefined
      ? `The A2A-Version header is required here; supported: ${served.join(', ')}`
      : `A2A version not supported; supported: ${served.join(', ')}`,
    { metadata: { supportedVersions: served.join(',') } },
  )
}

/** The URIs of an `A2A-Extensions` header: trimmed, without empty ones and repeats. */
export function parseExtensions(header: string | undefined): string[] {
  if (header === undefined) return []
  const uris = header.split(',').map((uri) => uri.trim())
  return [...new Set(uris.filter((uri) => uri !== ''))]
}
