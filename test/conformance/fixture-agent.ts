/**
 * The agent that the official A2A TCK 1.0 talks to. What it does is chosen by the start of a message's id, as the suite's
 * scenarios ask; any other message is answered with a completed task.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type AgentContext,
  type AgentMeta,
  agent,
  artifact,
  complete,
  data,
  file,
  type IncomingMessage,
  inputRequired,
  message,
  type Result,
  reject,
  status,
  text,
} from 'temporal-a2a'

type Scenario = (incoming: IncomingMessage, ctx: AgentContext) => Result | AsyncGenerator<Result, Result | undefined>

const GREETING = 'Hello from TCK'
/** Twice as long as the suite waits for the next event of a stream. */
const LONG_MS = 10_000

/** An artifact between WORKING and COMPLETED. */
function streaming(...results: readonly Result[]): Scenario {
  return async function* () {
    yield status()
    yield* results
    return complete()
  }
}

/** By the start of the messageId. One prefix may begin another: the longest that fits counts. */
const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'tck-complete-task': () => complete(GREETING),
  'tck-artifact-text': () => artifact({ parts: [{ text: 'Generated text content' }] }),
  'tck-artifact-file': () => textFile(),
  'tck-artifact-file-url': () => file('output.txt', 'https://example.com/output.txt', 'text/plain'),
  'tck-artifact-data': () => data({ key: 'value', count: 42 }),
  'tck-message-response': () => message('Direct message response'),
  'tck-input-required': () => inputRequired(),
  'tck-reject-task': () => reject('rejected'),

  'tck-stream-001': streaming(text('Stream hello from TCK')),
  'tck-stream-002': () => complete(),
  'tck-stream-003': streaming(text('Stream task lifecycle')),
  'tck-stream-ordering-001': streaming(text('Ordered output')),
  'tck-stream-artifact-text': streaming(text('Streamed text content')),
  'tck-stream-artifact-file': streaming(textFile()),
  'tck-stream-artifact-chunked': streaming(text('chunk-1 '), text('chunk-2')),
  'test-resubscribe-message-id': async function* (_, ctx) {
    yield status()
    await sleep(LONG_MS, undefined, { signal: ctx.signal })
    return complete()
  },
}

const PREFIXES = Object.keys(SCENARIOS).sort((a, b) => b.length - a.length)

/** What its card says otherwise, by `TCK_AGENT`. */
const CARDS: Readonly<Record<string, Pick<AgentMeta, 'capabilities' | 'extensions'>>> = {
  full: { capabilities: { pushNotifications: true } },
  // The suite looks at how streams and webhooks are refused.
  bare: { capabilities: { streaming: false } },
  // And how callers are that do not name the extension.
  demanding: { extensions: [{ uri: 'urn:a2a:tck:required-extension', required: true }] },
}

export default agent(
  {
    id: 'tck',
    name: 'TCK fixture',
    description: 'Follows the scenarios of the A2A TCK.',
    version: '1.0.0',
    skills: [
      {
        id: 'scenarios',
        name: 'Scenarios',
        description: 'Does what the messageId begins with.',
        tags: ['conformance'],
      },
    ],
    inputModes: ['text/plain', 'application/json'],
    outputModes: ['text/plain', 'application/json'],
    // Most scenarios are tasks, one is a Message, so the first result decides which it is.
    answers: 'either',
    ...CARDS[process.env.TCK_AGENT ?? 'full'],
  },
  play,
)

async function* play(incoming: IncomingMessage, ctx: AgentContext) {
  const prefix = PREFIXES.find((start) => incoming.messageId.startsWith(start))
  const scenario = prefix === undefined ? undefined : SCENARIOS[prefix]
  const played = scenario?.(incoming, ctx) ?? complete(GREETING)
  if (typeof played === 'object' && Symbol.asyncIterator in played) return yield* played
  return played
}

function textFile(): Result {
  return file('output.txt', new TextEncoder().encode('Generated file content'), 'text/plain')
}
