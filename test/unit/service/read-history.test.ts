/** A task's history by offset and limit. */
import { describe, expect, it } from 'vitest'
import type { Engine } from '../../../src/engine/engine.js'
import type { CallContext } from '../../../src/service/call-context.js'
import { readHistory } from '../../../src/service/read-history.js'

const history = Array.from({ length: 120 }, (_, i) => ({ messageId: `m${i}`, role: 'ROLE_USER' as const, parts: [] }))
const engine = {
  read: async ({ taskId }: { taskId: string }) =>
    taskId === 't' ? { owner: 'o', task: { id: 't', history }, position: {} } : undefined,
} as unknown as Engine
const ctx = { tenant: '', principal: 'o', agent: { id: 'a' } } as unknown as CallContext

const ids = async (request: object) =>
  (await readHistory(engine, ctx, { id: 't', ...request })).messages.map(({ messageId }) => messageId)

describe('readHistory', () => {
  it('gives a part, oldest first, and says of how many', async () => {
    expect(await ids({ offset: 2, limit: 3 })).toEqual(['m2', 'm3', 'm4'])
    expect(await ids({ offset: 119, limit: 3 })).toEqual(['m119'])
    expect(await ids({ offset: 500 })).toEqual([])
    const page = await readHistory(engine, ctx, { id: 't' })
    expect(page).toMatchObject({ taskId: 't', offset: 0, limit: 50, total: 120 })
    expect(page.messages).toHaveLength(50)
  })

  it.each([{ offset: -1 }, { offset: 0.5 }, { offset: Number.NaN }, { limit: 0 }, { limit: 101 }, { limit: 1.5 }])(
    'refuses %o',
    async (request) => {
      await expect(ids(request)).rejects.toMatchObject({ reason: 'INVALID_PARAMS' })
    },
  )

  it('knows no task of somebody else', async () => {
    await expect(readHistory(engine, { ...ctx, principal: 'p' }, { id: 't' })).rejects.toMatchObject({
      reason: 'TASK_NOT_FOUND',
    })
    await expect(readHistory(engine, ctx, { id: 'u' })).rejects.toMatchObject({ reason: 'TASK_NOT_FOUND' })
  })
})
