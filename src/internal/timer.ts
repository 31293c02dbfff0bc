/** One timer for every wait: `setTimeout` fires at once when it is asked to wait longer than 24.8 days. */

/** The longest that `setTimeout` waits. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1

/**
 * Calls back once after `ms`, however long that is, unless the returned function is called before; never for `Infinity`.
 *
 * @param kind `awaited` (default) keeps the process alive; `background` does not
 */
export function startTimer(fire: () => void, ms: number, kind: 'awaited' | 'background' = 'awaited'): () => void {
  if (ms === Number.POSITIVE_INFINITY) return () => {}
  const at = Date.now() + ms
  let timeout: ReturnType<typeof setTimeout> | undefined
  const wait = (left: number) => {
    const next = left > MAX_TIMEOUT_MS ? () => wait(at - Date.now()) : fire
    timeout = setTimeout(next, Math.min(Math.max(left, 0), MAX_TIMEOUT_MS))
    if (kind === 'background') (timeout as { unref?: () => void }).unref?.()
  }
  wait(ms)
  return () => clearTimeout(timeout)
}
