/** A client that follows one task to its end through whatever gateway answers, by its cursor. */
import { setTimeout as delay } from 'node:timers/promises'
import type { JsonObject } from '@bufbuild/protobuf'
import type { StreamResponseJson, TaskJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { send, streamedText } from './reading.js'
import { WireError, wireNamed } from './wires.js'

export interface FollowedTask {
  readonly id: string
  readonly state: string
  /** What the reader has put together. */
  readonly text: string
  /** How often it came back. */
  readonly returns: number
}

export interface PersistentOptions {
  /** Asked for anew at every attempt, in turn. */
  urls(): readonly string[]
  readonly text: string
  readonly agent?: string
  /** Called for each event. */
  onEvent?(event: StreamResponseJson): void
  /** Default 60000. */
  readonly deadlineMs?: number
}

let keys = 0

/** @throws when the task has not ended in time */
export async function followToTheEnd(options: PersistentOptions): Promise<FollowedTask> {
  const key = `key-${process.pid}-${++keys}`
  const request = send(options.text)
  const agent = options.agent === undefined ? {} : { agent: options.agent }
  const end = Date.now() + (options.deadlineMs ?? 60_000)
  const events: StreamResponseJson[] = []
  let id = ''
  let cursor: string | undefined
  for (let attempt = 0; Date.now() < end; attempt += 1) {
    const urls = options.urls()
    const wire = wireNamed('rest', urls[attempt % urls.length] ?? '')
    const resume: Record<string, string> = cursor === undefined ? {} : { 'last-event-id': cursor }
    const onId = (seen: string) => {
      cursor = seen
    }
    const stream =
      id === ''
        ? wire.stream('sendStreamingMessage', request, { ...agent, headers: { 'idempotency-key': key }, onId })
        : wire.stream('subscribeToTask', { id }, { ...agent, headers: resume, onId })
    try {
      for await (const event of stream as AsyncIterable<StreamResponseJson & JsonObject>) {
        events.push(event)
        options.onEvent?.(event)
        id = event.task?.id ?? id
        const state = event.task?.status?.state ?? event.statusUpdate?.status?.state ?? ''
        if (ENDED.has(state)) return { id, state, text: streamedText(events), returns: attempt }
      }
    } catch (error) {
      // The gateway has gone, or does not take this one just now.
      if (error instanceof WireError && error.reason === 'UNSUPPORTED_OPERATION') {
        const task = (await wire.call('getTask', { id }, agent)) as TaskJson
        events.push({ task })
        return { id, state: task.status?.state ?? '', text: streamedText(events), returns: attempt }
      }
    }
    await delay(50)
  }
  throw new Error(`task ${id} (${options.text}) has not ended: ${JSON.stringify(events.at(-1))}`)
}

const ENDED = new Set(['TASK_STATE_COMPLETED', 'TASK_STATE_FAILED', 'TASK_STATE_CANCELED', 'TASK_STATE_REJECTED'])

/** What the teller of `split-agents.ts` says. */
export function words(count: number): string {
  return Array.from({ length: count }, (_, i) => `w${i} `).join('')
}
