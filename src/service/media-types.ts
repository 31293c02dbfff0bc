/** Which media types an agent takes (protocol note D6): parts that say none always pass. */
import type { PartJson } from '../../gen/lf/a2a/v1/a2a_pb.js'

/**
 * The first media type that no mode covers, or undefined when all parts are fine.
 *
 * @param modes media types, also with wildcards: `image/*`, `*\/*`
 */
export function unsupportedMediaType(parts: readonly PartJson[], modes: readonly string[]): string | undefined {
  for (const { mediaType } of parts) {
    if (mediaType === undefined || mediaType === '') continue
    const asked = essence(mediaType)
    if (!modes.some((mode) => covers(essence(mode), asked))) return mediaType
  }
  return undefined
}

function covers(mode: string, mediaType: string): boolean {
  if (mode === mediaType || mode === '*/*') return true
  return mode.endsWith('/*') && mediaType.startsWith(mode.slice(0, -1))
}

/** Without parameters such as `charset`, in lower case. */
function essence(mediaType: string): string {
  return (mediaType.split(';', 1)[0] ?? '').trim().toLowerCase()
}
