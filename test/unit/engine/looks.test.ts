/** Looks at tasks: shared between the readers of one task, and never more than the budget. */
import { describe, expect, it } from 'vitest'
import { START } from '../../../src/a2a/cursor.js'
import { A2AError } from '../../../src/a2a/errors.js'
import { Looks, type LooksOptions } from '../../../src/engine/looks.js'

const ref = (taskId: string) => ({ tenant: '', agentId: 'a', taskId })
const READING = { owner: 'o', task: { id: 't' }, position: START }

function looks(read = async () => READING, options: LooksOptions = {}) {
  const clock = { ms: 0, reads: [] as string[] }
  const subject = new Looks(
    ({ taskId }) => {
      clock.reads.push(taskId)
      return read()
    },
    { perSecond: 2, freshMs: 500, now: () => clock.ms, ...options },
  )
  return { clock, look: (taskId: string) => subject.look(ref(taskId)) }
}

describe('looks', () => {
  it('are shared by the readers of a task while they are fresh', async () => {
    const { clock, look } = looks()
    expect(await Promise.all([look('t'), look('t')])).toEqual([READING, READING])
    clock.ms = 499
    await look('t')
    expect(clock.reads).toEqual(['t'])
    clock.ms = 500
    await look('t')
    expect(clock.reads).toEqual(['t', 't'])
  })

  it('stay within the budget, which fills up again with time', async () => {
    const { clock, look } = looks()
    expect(await Promise.all([look('1'), look('2'), look('3')])).toEqual([READING, READING, 'later'])
    clock.ms = 499
    expect(await look('3')).toBe('later')
    clock.ms = 500
    expect(await look('3')).toBe(READING)
    expect(await look('4')).toBe('later')
    clock.ms = 60_000
    await Promise.all([look('5'), look('6'), look('7')])
    expect(clock.reads).toEqual(['1', '2', '3', '5', '6'])
  })

  it('wait for better times while tasks are out of reach, and pass on every other error', async () => {
    let error: Error = new A2AError('UNAVAILABLE', 'gone')
    const { clock, look } = looks(() => Promise.reject(error))
    expect(await look('t')).toBe('later')
    error = new Error('broken')
    clock.ms = 500
    await expect(look('t')).rejects.toThrow('broken')
  })
})
