/** What callers are told while the database does not answer. */
import { describe, expect, it } from 'vitest'
import { silentLogger } from '../../../src/internal/logger.js'
import { Availability } from '../../../src/store/availability.js'

describe('a store that does not answer', () => {
  it('is called by what it is, whatever was asked of it', async () => {
    const availability = new Availability(silentLogger)
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
    const ask = () => availability.run(1_000, 'writing webhooks', () => Promise.reject(refused))
    const expected = { reason: 'UNAVAILABLE', message: 'The task store is not available; try again' }
    await expect(ask()).rejects.toMatchObject(expected)
    // Now nobody asks it.
    await expect(ask()).rejects.toMatchObject(expected)
  })
})
