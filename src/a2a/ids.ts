/** What ids may look like. Ids are opaque to us, but they end up in logs, headers, SSE frames and SQL. */

/** The principal of every caller where nobody has to authenticate; no credential may name it. */
export const LOCAL_PRINCIPAL = 'local'

/** Longest id that is accepted from a caller, in UTF-16 units. */
export const MAX_ID_LENGTH = 256

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what is refused here
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/

/** Why an id of a caller is refused, or undefined when it is fine. */
export function idProblem(id: string): string | undefined {
  if (id.length > MAX_ID_LENGTH) return `must not be longer than ${MAX_ID_LENGTH} characters`
  if (CONTROL.test(id)) return 'must not contain control characters'
  if (!id.isWellFormed()) return 'must be well-formed Unicode'
  return undefined
}

const TASK_ID = /^[A-Za-z0-9._~-]{1,128}$/

/** False for an id that no task of ours can have, so it need not be looked up. */
export function mayBeTaskId(taskId: string): boolean {
  return TASK_ID.test(taskId)
}

const AGENT_ID = /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/

/** First path segments that mean something else. */
const RESERVED = new Set(['agents', 'a2a', 'health', 'tasks', 'v1', 'extendedagentcard'])

/** Why an agent id is refused, or undefined when it is fine. */
export function agentIdProblem(id: string): string | undefined {
  if (!AGENT_ID.test(id))
    return 'must be 1 to 64 of a-z, 0-9, ".", "_" and "-", and begin and end with a letter or digit'
  if (RESERVED.has(id)) return 'is reserved'
  return undefined
}

/** The same text always gives the same UUID (version 8, RFC 9562), so that a repeat is the same for whoever goes by it. */
export async function uuidFrom(text: string): Promise<string> {
  const digest = await globalThis.crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  const bytes = new Uint8Array(digest, 0, 16)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
