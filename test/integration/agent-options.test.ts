/** What `serve()` adds around the agents it is given. */
import { afterEach, describe, expect, it } from 'vitest'
import { agent, type Logger, type Middleware, type Served, serve } from '../../src/index.js'
import { withFields } from '../../src/internal/logger.js'
import { send, taskOf, textOf } from '../support/reading.js'
import { testLogger } from '../support/servers.js'
import { wireNamed } from '../support/wires.js'

let served: Served | undefined

afterEach(() => served?.stop())

describe('serve', () => {
  it('runs its middleware around every agent, outside of the agent’s own', async () => {
    const order: string[] = []
    const named =
      (name: string): Middleware =>
      async (message, _ctx, next) => {
        order.push(`${name}: ${message.text}`)
        return next()
      }
    served = await serve({
      agents: [
        agent({ id: 'kept', use: [named('own')] }, () => 'kept'),
        agent({ id: 'quick', run: 'direct' }, () => 'quick'),
      ],
      use: [named('first'), named('second')],
      engine: 'memory',
      port: 0,
      logger: testLogger,
    })
    const wire = wireNamed('rest', served.url)
    expect(textOf(taskOf(await wire.call('sendMessage', send('a'))))).toBe('kept')
    expect((await wire.call('sendMessage', send('b'), { agent: 'quick' })).message).toMatchObject({
      parts: [{ text: 'quick' }],
    })
    expect(order).toEqual(['first: a', 'second: a', 'own: a', 'first: b', 'second: b'])
  })

  it('binds the log of a handler to what it handles', async () => {
    const lines: object[] = []
    const logger: Logger = { ...testLogger, info: (fields, message) => lines.push({ ...fields, message }) }
    const write = agent({ id: 'writer' }, (_message, ctx) => {
      ctx.log.info({ step: 1 }, 'writing')
    })
    const direct = agent({ id: 'direct', run: 'direct' }, (_message, ctx) => {
      withFields(ctx.log, { step: 2 }).info({}, 'answering')
      return 'done'
    })
    served = await serve({ agents: [write, direct], engine: 'memory', port: 0, logger })
    const wire = wireNamed('rest', served.url)
    const { id, contextId } = taskOf(await wire.call('sendMessage', send('a')))
    const ids = { contextId: 'known' }
    await wire.call('sendMessage', send('b', {}, ids), { agent: 'direct' })
    expect(lines.filter((line) => 'step' in line)).toEqual([
      { agentId: 'writer', taskId: id, contextId, turn: 1, attempt: 1, step: 1, message: 'writing' },
      { agentId: 'direct', contextId: 'known', step: 2, message: 'answering' },
    ])
  })
})
