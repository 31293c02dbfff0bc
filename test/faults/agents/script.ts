/**
 * What the harness's agents are told to do, as the text of a message, and what they say when nothing breaks. The same
 * message gives the same text in every attempt and every process.
 */

/** Words that differ all, so that a missing or doubled one shows. */
export function words(label: string, count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, i) => `${label}-${from + i} `)
}

export function said(label: string, count: number): string {
  return words(label, count).join('')
}

/** What a booking says when it was answered. */
export function booked(label: string, answer: string): string {
  return `${label} found, ${label} paid for ${answer}`
}

/** What a called agent answers. */
export function helped(label: string): string {
  return `the help of ${label}`
}

/** What a nap says. */
export function napped(label: string): string {
  return `${label} lay down, ${label} got up`
}

/** What is said while counting. */
export function counted(label: string, messages: number): string {
  return Array.from({ length: messages }, (_, i) => `${label} counted ${i + 1}. `).join('')
}

/** Names the task that a message belongs to. */
export function labelOf(messageId: string): string {
  return /^message-(.*)-\d+$/.exec(messageId)?.[1] ?? messageId
}

export const script = {
  /** Words, one each so many milliseconds. */
  tell: (count: number, everyMs = 0) => `tell ${count} ${everyMs}`,
  /** Words, and a wait at a gate after the first `before` of them. */
  gated: (count: number, before: number, gate: string) => `gated ${count} ${before} ${gate}`,
  /** Asks; the answer's turn says as many words as the answer names. */
  ask: () => 'ask',
  /** Says one line a turn, and asks for the next until it is told `bye`. */
  chat: (line: string) => `chat ${line}`,
  /** Works until it is stopped, at most a minute. */
  work: () => 'work',
  /** As `work`, and does not listen to its signal. */
  deaf: () => 'deaf',
  /** The first attempt takes its process with it after so many words. */
  crashOnce: (count: number, before: number) => `crash-once ${count} ${before}`,
  /** The first attempt throws after so many words. */
  throwOnce: (count: number, before: number) => `throw-once ${count} ${before}`,
  /** So many steps, each of which takes its time; says the result of each. */
  steps: (count: number, everyMs = 0) => `steps ${count} ${everyMs}`,
  /** A step, a question, and a step with the answer: two messages. */
  book: () => 'book',
  /** A step, a call of another agent that works so long, and a step with its answer. */
  call: (ms: number) => `call ${ms}`,
  /** A step, a wait that nothing is kept in memory for, and a step. */
  nap: (ms: number) => `nap ${ms}`,
  /** So many pieces of so many bytes, once the gate is open. */
  gatedFlood: (count: number, bytes: number, gate: string) => `flood ${count} ${bytes} ${gate}`,
  /** Counts in its state with so many messages, and says how far it is. */
  count: (messages: number) => `count ${messages}`,
  /** Fails for good. */
  fail: () => 'fail',
}
