/** What failed and why, in one line. */
import { describe, expect, it } from 'vitest'
import { reasonOf } from '../../../src/internal/reason-of.js'

describe('the reason', () => {
  it('has the causes of an error, each once', () => {
    const cause = new Error('the certificate has expired')
    expect(reasonOf(new Error('no server', { cause: new Error('no connection', { cause }) }))).toBe(
      'no server: no connection: the certificate has expired',
    )
    expect(reasonOf(new Error('it failed: because', { cause: new Error('because') }))).toBe('it failed: because')
  })

  it('has those of every address that was tried', () => {
    const refused = ['::1', '127.0.0.1'].map((host) => new Error(`connect ECONNREFUSED ${host}`))
    expect(reasonOf(new Error('fetch failed', { cause: new AggregateError(refused) }))).toBe(
      'fetch failed: connect ECONNREFUSED ::1; connect ECONNREFUSED 127.0.0.1',
    )
  })

  it('may be no error, and comes to an end', () => {
    expect(reasonOf('gone')).toBe('gone')
    const error = new Error('a')
    error.cause = new Error('b', { cause: error })
    expect(reasonOf(error).length).toBeLessThan(20)
  })
})
