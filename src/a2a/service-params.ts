/** The service parameters of a request: version and extensions (A2A sections 3.2.6 and 3.6). */
import { A2AError } from './errors.js'

/** The A2A version this server speaks natively. */
export const PROTOCOL_VERSION = '1.0'

/** Header and metadata names; HTTP headers and gRPC metadata are case-insensitive, so lower case serves both. */
export const VERSION_HEADER = 'a2a-version'
export const EXTENSIONS_HEADER = 'a2a-extensions'
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
 * Refuses a version that this binding does not serve. Nothing asked for is fine here: the method's or the package's
 * name already says 1.0 (decision D5), unless `strict`.
 *
 * @throws A2AError VERSION_NOT_SUPPORTED
 */
export function checkVersion(asked: string | undefined, served: readonly string[], strict: boolean): void {
  const version = majorMinor(asked)
  if (version === undefined ? !strict : served.includes(version)) return
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
