/** Heartbeats, cancel, failure: picture and journal are one value with one writer. */
import { ServiceError } from '@temporalio/client'
import { describe, expect, it } from 'vitest'
import type { Checkpoint } from '../../../src/task/turn-outcome.js'
import { CheckpointWriter, type HeartbeatService } from '../../../src/temporal/activities/checkpoint-writer.js'
import { firstValue } from '../../../src/temporal/payloads.js'

function writer(answer: () => Promise<{ cancelRequested?: boolean }>) {
  const world = { said: 0, written: [] as number[], atOnce: 0, mostAtOnce: 0, canceled: 0, superseded: 0, accepted: 0 }
  const service: HeartbeatService = {
    async recordActivityTaskHeartbeat({ details }) {
      world.atOnce += 1
      world.mostAtOnce = Math.max(world.mostAtOnce, world.atOnce)
      const value = firstValue<Checkpoint>(details)
      try {
        const { cancelRequested = false } = await answer()
        world.written.push(value?.seq ?? -1)
        return { cancelRequested } as never
      } finally {
        world.atOnce -= 1
      }
    },
  }
  const made = new CheckpointWriter({
    service,
    namespace: 'default',
    taskToken: new Uint8Array(),
    identity: 'test',
    key: 'k',
    intervalMs: 60_000,
    before: undefined,
    content: () => ({ format: 1, turn: 1, attempt: 1, seq: world.said, artifacts: [] }) as unknown as Checkpoint,
    onCancel: () => {
      world.canceled += 1
    },
    onWritten: async () => {},
    onStop: () => {},
    onSuperseded: () => {
      world.superseded += 1
    },
    onSending: () => () => {
      world.accepted += 1
    },
    onFailure: () => {},
  })
  return { world, writer: made }
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 1))

describe('checkpoints', () => {
  it('follow each other, none overtakes another, and each that was asked for is in one that is written after it', async () => {
    const { world, writer: own } = writer(async () => {
      await pause()
      return {}
    })
    const saves: Promise<void>[] = []
    for (let i = 1; i <= 20; i += 1) {
      world.said = i
      const asked = i
      saves.push(own.save().then(() => expect(Math.max(...world.written)).toBeGreaterThanOrEqual(asked)))
      if (i % 5 === 0) await pause()
    }
    await Promise.all(saves)
    own.stop()
    expect(world.mostAtOnce).toBe(1)
    expect(world.written).toEqual([...world.written].sort((a, b) => a - b))
    expect(world.written.length).toBeLessThan(20)
    expect(world.accepted).toBe(world.written.length)
  })

  it('bring the cancel that Temporal has, and nothing is written any more after the end', async () => {
    const { world, writer: own } = writer(async () => ({ cancelRequested: true }))
    await own.save()
    expect(world.canceled).toBe(1)
    own.stop()
    await own.save()
    expect(world.written).toHaveLength(1)
  })

  it('that are refused as those of nobody end the attempt; other failures reach who waits', async () => {
    const gone = writer(() => Promise.reject(grpcError(5)))
    await gone.writer.save()
    gone.writer.stop()
    expect(gone.world.superseded).toBe(1)
    const away = writer(() => Promise.reject(new ServiceError('away', { cause: grpcError(14) })))
    await expect(away.writer.save()).rejects.toThrow('away')
    away.writer.stop()
    expect([away.world.superseded, away.world.accepted]).toEqual([0, 0])
  })
})

function grpcError(code: number): Error {
  return Object.assign(new Error(`code ${code}`), { code, details: '', metadata: {} })
}
