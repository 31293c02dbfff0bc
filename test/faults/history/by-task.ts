/** A history sorted by task, client and stream: what the oracles look at. */
import type {
  Answered,
  Closed,
  Effect,
  Final,
  Framed,
  History,
  Invoked,
  Label,
  Opened,
  Plan,
  Refused,
  Timed,
} from './history.js'

export interface SeenStream {
  readonly opened: Opened
  readonly frames: Framed[]
  closed: Closed | undefined
}

export interface SeenCall {
  readonly invoked: Invoked
  outcome: Answered | Refused | undefined
}

export interface SeenTask {
  readonly label: Label
  plan: Plan | undefined
  /** Streams of each client, in the order they were opened. */
  readonly clients: Map<string, SeenStream[]>
  readonly calls: SeenCall[]
  readonly effects: Effect[]
  readonly timed: Timed[]
  final: Final | undefined
}

export function byTask(history: History): SeenTask[] {
  const tasks = new Map<Label, SeenTask>()
  const streams = new Map<number, SeenStream>()
  const calls = new Map<number, SeenCall>()
  for (const event of history) {
    if (event.kind === 'fault') continue
    const task = entry(tasks, event.label)
    switch (event.kind) {
      case 'planned':
        task.plan = event
        break
      case 'invoked': {
        const call: SeenCall = { invoked: event, outcome: undefined }
        calls.set(event.call, call)
        task.calls.push(call)
        break
      }
      case 'answered':
      case 'refused': {
        const call = calls.get(event.call)
        if (call !== undefined) call.outcome = event
        break
      }
      case 'opened': {
        const stream: SeenStream = { opened: event, frames: [], closed: undefined }
        streams.set(event.stream, stream)
        task.clients.set(event.client, [...(task.clients.get(event.client) ?? []), stream])
        break
      }
      case 'framed':
        streams.get(event.stream)?.frames.push(event)
        break
      case 'closed': {
        const stream = streams.get(event.stream)
        if (stream !== undefined) stream.closed = event
        break
      }
      case 'effect':
        task.effects.push(event)
        break
      case 'timed':
        task.timed.push(event)
        break
      case 'final':
        task.final = event
        break
    }
  }
  return [...tasks.values()]
}

function entry(tasks: Map<Label, SeenTask>, label: Label): SeenTask {
  const known = tasks.get(label)
  if (known !== undefined) return known
  const task: SeenTask = {
    label,
    plan: undefined,
    clients: new Map(),
    calls: [],
    effects: [],
    timed: [],
    final: undefined,
  }
  tasks.set(label, task)
  return task
}

/** Ids that the server gave the task, in answers and frames. */
export function idsOf({ calls, clients, final }: SeenTask): Set<string> {
  const ids = new Set<string>()
  const add = (id: string | undefined) => {
    if (id !== undefined && id !== '') ids.add(id)
  }
  for (const { outcome } of calls) if (outcome?.kind === 'answered') add(outcome.task?.id)
  for (const streams of clients.values()) {
    for (const { frames } of streams) {
      for (const { event } of frames) add(event.task?.id ?? event.statusUpdate?.taskId ?? event.artifactUpdate?.taskId)
    }
  }
  add(final?.task?.id)
  return ids
}
