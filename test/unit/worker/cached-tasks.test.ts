/** What tasks that wait cost the process that will go on with them. */
import { expect, it } from 'vitest'
import { mostCachedTasks } from '../../../src/worker/cached-tasks.js'

const MIB = 1_048_576

it.each([
  ['a large heap', 4_144 * MIB, 500],
  ['one of 1 GiB', 1_024 * MIB, 268],
  ['one of 256 MiB', 256 * MIB, 67],
  ['hardly any', 16 * MIB, 10],
])('a tenth of the heap keeps tasks ready, and never more than 500: %s', (_, heapBytes, tasks) => {
  expect(mostCachedTasks(heapBytes)).toBe(tasks)
})
