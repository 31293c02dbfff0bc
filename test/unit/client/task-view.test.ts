/** What a reader is shown adds up to the task, wherever connections broke and whatever the server began again with. */

import { describe, expect, it } from 'vitest'
import type { StreamResponseJson, TaskJson } from '../../../gen/lf/a2a/v1/a2a_pb.js'
import { TaskBuilder } from '../../../src/a2a/apply-event.js'
import { joinTexts } from '../../../src/a2a/parts.js'
import { TaskView } from '../../../src/client/run/task-view.js'
import { fc } from '../../support/property.js'

const START: TaskJson = { id: 't', contextId: 'c', status: { state: 'TASK_STATE_SUBMITTED' } }

const part = fc.oneof(
  fc.record({ text: fc.string() }),
  fc.record({ text: fc.string(), mediaType: fc.constantFrom('text/plain', 'text/html') }),
  fc.record({ text: fc.string(), metadata: fc.constantFrom({ a: 1 }, { a: 2 }) }),
  fc.record({ data: fc.jsonValue() as fc.Arbitrary<never> }),
  fc.record({ url: fc.webUrl() }),
)

const update: fc.Arbitrary<StreamResponseJson> = fc.oneof(
  fc
    .record({
      artifactId: fc.constantFrom('a', 'b'),
      parts: fc.array(part, { minLength: 1, maxLength: 3 }),
      append: fc.boolean(),
    })
    .map(({ append, ...artifact }) => ({ artifactUpdate: { taskId: 't', contextId: 'c', artifact, append } })),
  fc
    .record({ state: fc.constantFrom('TASK_STATE_WORKING', 'TASK_STATE_AUTH_REQUIRED'), at: fc.nat() })
    .map(({ state, at }) => ({
      statusUpdate: { taskId: 't', contextId: 'c', status: { state, timestamp: new Date(at).toISOString() } } as never,
    })),
)

/** An update that its reader gets, or one that is lost with its connection; the next connection begins with the Task. */
const step = fc.record({ update, lost: fc.boolean() })

/** Where one part of a text ends and the next begins may differ: some servers keep a text in the chunks it came in. */
function shownText({ artifacts = [] }: TaskJson): unknown {
  return artifacts.map(({ artifactId, parts = [] }) => [artifactId, JSON.stringify(joinTexts(parts))]).sort()
}

describe('a view of a task', () => {
  it('shows events that add up to the task, and the Task itself only once', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const truth = new TaskBuilder(START)
        const view = new TaskView()
        const shown: StreamResponseJson[] = [...view.accept({ task: START })]
        let behind = false
        for (const { update: event, lost } of steps) {
          truth.apply(event)
          if (lost) behind = true
          else shown.push(...view.accept(behind ? { task: structuredClone(truth.build()) } : event))
          if (!lost) behind = false
        }
        if (behind) shown.push(...view.accept({ task: truth.build() }))
        const reader = new TaskBuilder(START)
        for (const event of shown) reader.apply(event)
        expect(shownText(reader.build())).toEqual(shownText(truth.build()))
        expect(reader.build().status?.state).toBe(truth.build().status?.state)
        expect(shown.filter(({ task }) => task !== undefined)).toHaveLength(1)
        expect(view.task()?.artifacts ?? []).toEqual(truth.build().artifacts ?? [])
      }),
    )
  })

  it('has no news in a Task that it knows, however its text was cut into parts', () => {
    const view = new TaskView()
    view.accept({ task: START })
    for (const text of ['one ', 'two ', 'three']) {
      view.accept({ artifactUpdate: { taskId: 't', artifact: { artifactId: 'a', parts: [{ text }] }, append: true } })
    }
    const task = { ...START, artifacts: [{ artifactId: 'a', parts: [{ text: 'one two ' }, { text: 'three' }] }] }
    expect(view.accept({ task })).toEqual([])
  })

  it('keeps parts apart of which the last has grown', () => {
    const view = new TaskView()
    view.accept({ task: { ...START, artifacts: [{ artifactId: 'a', parts: [{ text: 'Title' }, { text: 'Bo' }] }] } })
    const parts = [{ text: 'Title' }, { text: 'Body' }, { text: 'End' }]
    expect(view.accept({ task: { ...START, artifacts: [{ artifactId: 'a', parts }] } })).toMatchObject([
      { artifactUpdate: { artifact: { parts: [{ text: 'dy' }, { text: 'End' }] }, append: true } },
    ])
  })

  it('shows only what a text has grown by', () => {
    const view = new TaskView()
    view.accept({ task: { ...START, artifacts: [{ artifactId: 'a', parts: [{ text: 'one ' }] }] } })
    const parts = [{ text: 'one two' }, { url: 'https://x' }]
    expect(view.accept({ task: { ...START, artifacts: [{ artifactId: 'a', parts }] } })).toEqual([
      {
        artifactUpdate: {
          taskId: 't',
          contextId: 'c',
          artifact: { artifactId: 'a', parts: [{ text: 'two' }, { url: 'https://x' }] },
          append: true,
        },
      },
    ])
  })
})
