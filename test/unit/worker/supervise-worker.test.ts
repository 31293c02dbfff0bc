/** A worker that breaks down, and one that is stopped while it is being replaced. */
import { expect, it } from 'vitest'
import { silentLogger } from '../../../src/internal/logger.js'
import type { RunningWorker } from '../../../src/worker/create-worker.js'
import { supervise } from '../../../src/worker/supervise-worker.js'

class FakeWorker implements RunningWorker {
  private readonly end = Promise.withResolvers<void>()
  readonly done = this.end.promise
  stopped = false

  async stop(): Promise<void> {
    this.stopped = true
    this.end.resolve()
  }

  breakDown(): void {
    this.end.reject(new Error('broken'))
  }
}

it('stops the one that comes while it stops', async () => {
  const [first, second] = [new FakeWorker(), new FakeWorker()]
  const begun = Promise.withResolvers<void>()
  const created = Promise.withResolvers<RunningWorker>()
  const answers = [
    async () => first,
    () => {
      begun.resolve()
      return created.promise
    },
  ]
  const stopping = new AbortController()
  const stop = await supervise(async () => answers.shift()?.() ?? first, silentLogger, stopping.signal)
  first.breakDown()
  await begun.promise
  stopping.abort()
  const stopped = stop()
  created.resolve(second)
  await stopped
  expect(second.stopped).toBe(true)
})

it('replaces what breaks down', async () => {
  const workers = [new FakeWorker(), new FakeWorker()]
  const second = Promise.withResolvers<void>()
  let made = 0
  const create = async () => {
    made += 1
    if (made === 2) second.resolve()
    return workers[made - 1] as RunningWorker
  }
  const stopping = new AbortController()
  const stop = await supervise(create, silentLogger, stopping.signal)
  workers[0]?.breakDown()
  await second.promise
  stopping.abort()
  await stop()
  expect(workers[1]?.stopped).toBe(true)
})
