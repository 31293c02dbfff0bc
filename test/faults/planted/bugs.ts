/**
 * Bugs that a server of this kind can have, planted into the history of a run that had none: what its clients would have
 * seen, what its agents would have done, what would be there in the end.
 */
import type { StreamResponseJson, TaskJson } from '../../../gen/lf/a2a/v1/a2a_pb.js'
import {
  type Effect,
  type Final,
  type Framed,
  type History,
  type HistoryEvent,
  isTerminal,
  type Place,
  stateShown,
} from '../history/history.js'

export interface PlantedBug {
  readonly name: string
  /** The oracle whose business it is. */
  readonly oracle: string
  plant(history: History): History
}

export const PLANTED: readonly PlantedBug[] = [
  {
    name: 'a send that is repeated under its key makes a second task',
    oracle: 'key-names-one-task',
    plant: (history) => [...history, final(history, 'told', (task) => ({ ...task, id: 'another-id' }))],
  },
  {
    name: 'the caller is forgotten in the key, so two callers get one task',
    oracle: 'key-names-one-task',
    plant: (history) =>
      history.map((event) =>
        event.kind === 'final' && event.label === 'asked'
          ? { ...event, task: { ...event.task, id: finalOf(history, 'told').task?.id ?? '' } }
          : event,
      ),
  },
  {
    name: 'a task is acknowledged before it is written, and lost',
    oracle: 'accepted-is-kept',
    plant: (history) =>
      history.map((event) =>
        event.kind === 'final' && event.label === 'told' ? { kind: 'final', at: event.at, label: 'told' } : event,
      ),
  },
  {
    name: 'a task never ends',
    oracle: 'accepted-is-kept',
    plant: (history) => changeFinal(history, 'told', (task) => ({ ...task, status: { state: 'TASK_STATE_WORKING' } })),
  },
  {
    name: 'a resumed stream leaves one event out',
    oracle: 'no-gap-no-repeat',
    plant: (history) => without(history, chunk(history, 'told', 7)),
  },
  {
    name: 'a resumed stream repeats one event',
    oracle: 'no-gap-no-repeat',
    plant: (history) => insertAfter(history, chunk(history, 'told', 7), chunk(history, 'told', 7)),
  },
  {
    name: 'a zombie of the lost attempt still speaks',
    oracle: 'no-gap-no-repeat',
    plant: (history) => {
      const zombie: Framed = { ...chunk(history, 'retried', 1), place: [1, 1, 9] }
      return insertAfter(history, lastChunk(history, 'retried'), zombie)
    },
  },
  {
    name: 'two clients see different words at one place',
    oracle: 'same-place-same-event',
    plant: (history) =>
      history.map((event) =>
        event === chunk(history, 'told', 7) ? { ...event, event: said(event.event, 'something else ') } : event,
      ),
  },
  {
    name: 'a task ends twice',
    oracle: 'one-end',
    plant: (history) => {
      const end = endFrame(history, 'told')
      const [turn, attempt, seq] = end.place as Place
      const again = { ...end, place: [turn, attempt, seq + 1] as const, event: ended(end.event, 'TASK_STATE_FAILED') }
      return insertAfter(history, end, again)
    },
  },
  {
    name: 'an event comes after the end',
    oracle: 'one-end',
    plant: (history) => {
      const end = endFrame(history, 'told')
      const [turn, attempt, seq] = end.place as Place
      return insertAfter(history, end, { ...chunk(history, 'told', 7), place: [turn, attempt, seq + 1] })
    },
  },
  {
    name: 'an end is shown before it is durable, and is another one in the end',
    oracle: 'shown-is-durable',
    plant: (history) => changeFinal(history, 'told', (task) => ({ ...task, status: { state: 'TASK_STATE_FAILED' } })),
  },
  {
    name: 'a question is shown that was never written down',
    oracle: 'shown-is-durable',
    plant: (history) =>
      changeFinal(history, 'asked', (task) => ({
        ...task,
        history: (task.history ?? []).filter(({ role }) => role === 'ROLE_USER'),
      })),
  },
  {
    name: 'a task comes back from its end',
    oracle: 'states-move-forward',
    plant: (history) => {
      const end = endFrame(history, 'told')
      return insertAfter(history, end, { ...end, event: ended(end.event, 'TASK_STATE_WORKING') })
    },
  },
  {
    name: 'a new attempt goes on after the words of the lost one, without a journal and without a reset',
    oracle: 'picture-equals-task',
    plant: (history) =>
      history.map((event) =>
        event.kind === 'framed' && event.label === 'retried' && event.place?.[1] === 2 && event.event.artifactUpdate
          ? { ...event, event: { artifactUpdate: { ...event.event.artifactUpdate, append: true } } }
          : event,
      ),
  },
  {
    name: 'a chunk is stored twice and shown twice',
    oracle: 'says-what-was-meant',
    plant: (history) =>
      changeFinal(history, 'told', (task) => ({
        ...task,
        artifacts: (task.artifacts ?? []).map((artifact) => ({
          ...artifact,
          parts: [...(artifact.parts ?? []), { text: 'told-19 ' }],
        })),
      })),
  },
  {
    name: 'a message that was accepted is never handled',
    oracle: 'inputs-handled-once',
    plant: (history) =>
      changeFinal(history, 'asked', (task) => ({ ...task, history: (task.history ?? []).slice(0, -1) })),
  },
  {
    name: 'a message is applied twice',
    oracle: 'inputs-handled-once',
    plant: (history) =>
      changeFinal(history, 'asked', (task) => ({
        ...task,
        history: (task.history ?? []).flatMap((message) => [message, message]),
      })),
  },
  {
    name: 'a finished step runs again after a crash',
    oracle: 'finished-steps-run-once',
    plant: (history) => {
      const again = history.find((event) => event.kind === 'effect' && event.what === 'step') as Effect
      return [...history, { ...again, at: again.at + 10, attempt: 2 }]
    },
  },
  {
    name: 'a call that is made again after a crash begins a second task',
    oracle: 'calls-begin-one-task',
    plant: (history) => {
      const called = history.find((event) => event.kind === 'effect' && event.what === 'called') as Effect
      return [...history, { ...called, at: called.at + 10, name: 'another-task' }]
    },
  },
  {
    name: 'a canceled task leaves those at work that it has called',
    oracle: 'cancel-is-true',
    plant: (history) => {
      const end = history.find((event) => event.kind === 'final' && event.label === 'canceled') as Final
      const work = {
        kind: 'effect',
        label: 'canceled',
        what: 'work',
        name: 'help',
        turn: 1,
        attempt: 1,
        pid: 1,
      } as const
      return [...history, { ...work, at: end.at + 60_000 }]
    },
  },
  {
    name: 'a canceled task is done all the same',
    oracle: 'cancel-is-true',
    plant: (history) =>
      changeFinal(history, 'canceled', (task) => ({ ...task, status: { state: 'TASK_STATE_COMPLETED' } })),
  },
  {
    name: 'a handler works on after its task was answered as canceled',
    oracle: 'cancel-is-true',
    plant: (history) => {
      const work = history.find((event) => event.kind === 'effect' && event.label === 'canceled') as Effect
      return [...history, { ...work, what: 'work', at: work.at + 60_000 }]
    },
  },
  {
    name: 'a live task is "not found" while something is down',
    oracle: 'errors-are-honest',
    plant: (history) => [
      ...history,
      { kind: 'invoked', at: 1, label: 'told', client: 'x', call: -1, operation: 'GetTask', deadlineMs: 1_000 },
      { kind: 'refused', at: 2, label: 'told', call: -1, reason: 'TASK_NOT_FOUND', text: 'Task not found' },
    ],
  },
  {
    name: 'a call hangs beyond its deadline',
    oracle: 'errors-are-honest',
    plant: (history) => [
      ...history,
      { kind: 'invoked', at: 1, label: 'told', client: 'x', call: -1, operation: 'GetTask', deadlineMs: 1_000 },
      { kind: 'refused', at: 9_000, label: 'told', call: -1, reason: 'DEADLINE', text: '' },
    ],
  },
  {
    name: 'a stream does not come back in time',
    oracle: 'recovers-in-time',
    plant: (history) => [
      ...history,
      { kind: 'timed', at: 1, label: 'told', what: 'the next event', ms: 13_000, boundMs: 12_000 },
    ],
  },
]

function isFrameOf(event: HistoryEvent, label: string): event is Framed {
  return event.kind === 'framed' && event.label === label
}

/** The frame of one chunk, in the first stream of the task. */
function chunk(history: History, label: string, index: number): Framed {
  const frames = history.filter((event): event is Framed => isFrameOf(event, label))
  const chunks = frames.filter(
    ({ stream, event }) => stream === frames[0]?.stream && event.artifactUpdate !== undefined,
  )
  return need(chunks[index], `chunk ${index} of ${label}`)
}

function lastChunk(history: History, label: string): Framed {
  const chunks = history.filter((event) => isFrameOf(event, label) && event.event.artifactUpdate !== undefined)
  return need(chunks.at(-1) as Framed | undefined, `chunks of ${label}`)
}

function endFrame(history: History, label: string): Framed {
  const end = history.find((event) => isFrameOf(event, label) && isTerminal(stateShown(event.event)))
  return need(end as Framed | undefined, `the end of ${label}`)
}

function finalOf(history: History, label: string): Final {
  return need(
    history.find((event): event is Final => event.kind === 'final' && event.label === label),
    `${label} in the end`,
  )
}

function final(history: History, label: string, change: (task: TaskJson) => TaskJson): Final {
  const event = finalOf(history, label)
  return { ...event, task: change(event.task ?? {}) }
}

function changeFinal(history: History, label: string, change: (task: TaskJson) => TaskJson): History {
  const old = finalOf(history, label)
  return history.map((event) => (event === old ? final(history, label, change) : event))
}

function without(history: History, event: HistoryEvent): History {
  return history.filter((each) => each !== event)
}

function insertAfter(history: History, event: HistoryEvent, more: HistoryEvent): History {
  return history.flatMap((each) => (each === event ? [each, more] : [each]))
}

function said(event: StreamResponseJson, text: string): StreamResponseJson {
  const update = event.artifactUpdate ?? {}
  return { artifactUpdate: { ...update, artifact: { ...update.artifact, parts: [{ text }] } } }
}

function ended(
  event: StreamResponseJson,
  state: NonNullable<NonNullable<TaskJson['status']>['state']>,
): StreamResponseJson {
  return { statusUpdate: { ...event.statusUpdate, status: { ...event.statusUpdate?.status, state } } }
}

function need<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`the recorded history lacks ${what}`)
  return value
}
