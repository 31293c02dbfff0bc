/**
 * The agent that the official A2A TCK 0.3 talks to. That suite wants tasks that are worked on for a while, then wait for
 * more, and never end by themselves.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { agent, inputRequired, status } from 'temporal-a2a'

/** Longer than the suite takes from one call to the next, shorter than it waits for a stream. */
const WORK_MS = 3_000

export default agent(
  {
    id: 'tck',
    name: 'TCK fixture',
    description: 'Works on any message for three seconds, then asks for more.',
    version: '1.0.0',
    skills: [{ id: 'waiting', name: 'Waiting', description: 'Works, then asks for more.', tags: ['conformance'] }],
    inputModes: ['text/plain', 'application/json', '*/*'],
  },
  async function* (_, ctx) {
    yield status('working')
    await sleep(WORK_MS, undefined, { signal: ctx.signal })
    return inputRequired('What else?')
  },
)
