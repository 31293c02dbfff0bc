/** A change of several scopes: all of it, or nothing. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { HoldQueue } from '../../../src/engine/hold-queue.js'
import { StateAccess } from '../../../src/engine/state-access.js'
import { silentLogger } from '../../../src/internal/logger.js'
import type { StateHome } from '../../../src/task/state-home.js'
import { NO_STATE, type ScopeChange, type StateChange, type StateScope } from '../../../src/task/state-record.js'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

const change = (scope: StateScope): ScopeChange => ({ scope, version: 0, delta: { set: { a: 1 }, deleted: [] } })

/** @param until for so long others hold the state of the caller once that of the agent is changed, in milliseconds */
function access(until: number) {
  const made: string[] = []
  const begun = performance.now()
  const home: StateHome = {
    read: async () => NO_STATE,
    async change({ scope }, { type }: StateChange) {
      const held = scope === 'caller' && type === 'commit' && performance.now() - begun < until
      if (!held && type === 'commit') made.push(scope)
      return held ? 'busy' : 'made'
    },
  }
  const message = { messageId: 'm', role: 'ROLE_USER' as const, parts: [{ text: 'x' }] }
  const ref = { tenant: '', agentId: 'a', taskId: 't', owner: 'local' }
  const input = { ...ref, turn: 1, revision: 1, task: { id: 't', contextId: 'c' }, message, params: {}, place: 0 }
  const stop = new AbortController()
  const options = { home, input, log: silentLogger, signal: stop.signal, contended: [], queue: new HoldQueue() }
  return { made, stop, access: new StateAccess(options) }
}

it('that has begun is completed, however long others hold the rest', async () => {
  const { made, access: own } = access(120_000)
  const committed = own.commit([change('agent'), change('caller')], false)
  await vi.advanceTimersByTimeAsync(100_000)
  expect(made).toEqual(['agent'])
  await vi.advanceTimersByTimeAsync(30_000)
  expect(await committed).toBe('committed')
  expect(made).toEqual(['agent', 'caller'])
})

it('is left to whoever has the turn next when this one is over', async () => {
  const { stop, access: own } = access(Number.POSITIVE_INFINITY)
  const committed = own.commit([change('agent'), change('caller')], false)
  const failed = expect(committed).rejects.toThrow('gone')
  await vi.advanceTimersByTimeAsync(100_000)
  stop.abort(new Error('gone'))
  await vi.advanceTimersByTimeAsync(1_000)
  await failed
})
