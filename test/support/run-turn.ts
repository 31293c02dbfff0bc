/** One turn of an agent without an engine: what it gives, and what a reader would see. */
import type { MessageJson, StreamResponseJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import type { AgentDefinition } from '../../src/agent/agent-definition.js'
import { runTurn } from '../../src/agent/run-turn.js'
import type { LiveEvent } from '../../src/bus/live-event.js'
import { silentLogger } from '../../src/internal/logger.js'
import type { TurnResult } from '../../src/task/task-record.js'
import { streamedText } from './reading.js'

export interface TurnRunOptions {
  readonly signal?: AbortSignal
  readonly graceMs?: number
  readonly metadata?: NonNullable<MessageJson['metadata']>
  /** The caller reads a stream. Default false. */
  readonly streamed?: boolean
  /** Earlier messages of the task. */
  readonly history?: readonly MessageJson[]
}

export interface TurnRun {
  readonly result: TurnResult
  readonly events: readonly StreamResponseJson[]
  /** All text of all artifacts, as a reader puts it together. */
  readonly text: string
}

export async function runOnce(
  agent: AgentDefinition,
  text: string,
  {
    signal = new AbortController().signal,
    graceMs = 1_000,
    metadata,
    streamed = false,
    history = [],
  }: TurnRunOptions = {},
): Promise<TurnRun> {
  const message: MessageJson = {
    messageId: 'm',
    role: 'ROLE_USER',
    parts: [{ text }],
    ...(metadata === undefined ? {} : { metadata }),
  }
  const published: LiveEvent[] = []
  const turn = 1 + history.filter(({ role }) => role === 'ROLE_USER').length
  const task = { id: 'task', contextId: 'context', history: [...history, message] }
  const input = { tenant: '', agentId: agent.id, taskId: 'task', owner: 'local', turn, revision: 1, task, message }
  let ids = 0
  const result = await runTurn(
    agent,
    { ...input, place: history.length, params: streamed ? { streamed } : {} },
    {
      attempt: 1,
      signal,
      graceMs,
      log: silentLogger,
      taskShown: true,
      before: undefined,
      journalBefore: undefined,
      writeAhead: async () => {},
      publish: (event) => published.push(event),
      now: () => '2026-01-01T00:00:00.000Z',
      newId: () => `id-${++ids}`,
      checkpoint: async () => {},
      breathe: () => new Promise((resolve) => setImmediate(resolve)),
      drained: () => new Promise((resolve) => setImmediate(resolve)),
    },
  )
  const events = published.map(({ event }) => event)
  return { result, events, text: streamedText(events) }
}
