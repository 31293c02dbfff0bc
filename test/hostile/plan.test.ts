/** The files run on their own; this says what they are together. */
import { expect, it } from 'vitest'
import { PLAN } from './support/attack.js'

it('sends at least 10,000 bad inputs in all, which each file counts for itself', () => {
  const sum = Object.values(PLAN).reduce((total, inputs) => total + inputs, 0)
  expect(sum).toBeGreaterThanOrEqual(10_000)
})
