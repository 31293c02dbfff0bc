import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { withMiddleware } from '../../../src/agent/middleware.js'
import {
  agent,
  authRequired,
  data,
  fail,
  type Handler,
  type Middleware,
  type Result,
  reject,
} from '../../../src/index.js'
import { fc } from '../../support/property.js'
import { runOnce } from '../../support/run-turn.js'

const say: Handler = (message) => `said ${message.text}`
const count: Handler = async function* () {
  yield 'one '
  await delay(1)
  yield 'two '
  return 'three'
}

function around(handler: Handler, ...use: Middleware[]) {
  return agent({ id: 'x', use }, handler)
}

describe('use', () => {
  it.each([
    ['a function', say, 'said hi'],
    ['an async function', async () => 'later', 'later'],
    ['a generator', count, 'one two three'],
    [
      'a synchronous generator',
      function* () {
        yield 'a'
        yield 'b'
      },
      'ab',
    ],
  ] as [string, Handler, string][])('runs around %s', async (_, handler, text) => {
    const steps: string[] = []
    const seen: Middleware = async (message, _ctx, next) => {
      steps.push(`before ${message.text}`)
      const result = await next()
      steps.push('after')
      return result
    }
    expect((await runOnce(around(handler, seen), 'hi')).text).toBe(text)
    expect(steps).toEqual(['before hi', 'after'])
  })

  it('runs outermost first, those of serve() around those of the agent', async () => {
    const order: string[] = []
    const named =
      (name: string): Middleware =>
      async (_message, _ctx, next) => {
        order.push(`${name} in`)
        await next()
        order.push(`${name} out`)
      }
    const inner = around(say, named('c'), named('d'))
    const { text } = await runOnce(withMiddleware(inner, [named('a'), named('b')]), 'hi')
    expect(text).toBe('said hi')
    expect(order).toEqual(['a in', 'b in', 'c in', 'd in', 'd out', 'c out', 'b out', 'a out'])
  })

  it('leaves the agent itself as it was', () => {
    const before = around(say)
    const after = withMiddleware(before, [async (_message, _ctx, next) => next()])
    expect(after.handler).not.toBe(before.handler)
    expect({ ...after, handler: say }).toEqual({ ...before, handler: say })
    expect(before.handler).toBe(say)
  })

  it('lets results pass while the handler still works', async () => {
    const order: string[] = []
    const handler: Handler = async function* () {
      order.push('made 1')
      yield '1'
      order.push('made 2')
      yield '2'
    }
    const tracing = around(handler, async (_message, _ctx, next) => next())
    const steps = tracing.handler({ text: '' } as never, {} as never) as AsyncGenerator<Result>
    for await (const result of steps) order.push(`read ${result}`)
    expect(order).toEqual(['made 1', 'read 1', 'made 2', 'read 2'])
  })

  it('answers in place of the handler', async () => {
    let called = false
    const guarded = around(
      () => {
        called = true
      },
      async () => reject('not today'),
    )
    expect((await runOnce(guarded, 'hi')).result).toMatchObject({ state: 'TASK_STATE_REJECTED' })
    expect(called).toBe(false)
  })

  it('hands on another message', async () => {
    const louder = around(say, (message, _ctx, next) =>
      next({ ...message, text: message.text.toUpperCase(), raw: message.raw }),
    )
    expect((await runOnce(louder, 'hi')).text).toBe('said HI')
  })

  it('changes results one by one, the returned one too', async () => {
    const censor: Middleware = async function* (_message, _ctx, next) {
      for await (const result of next.results()) yield typeof result === 'string' ? result.replace('t', '*') : result
    }
    expect((await runOnce(around(count, censor), '')).text).toBe('one *wo *hree')
    expect(
      (
        await runOnce(
          around(() => 'total', censor),
          '',
        )
      ).text,
    ).toBe('*otal')
  })

  it('puts results of its own before, between and after', async () => {
    const frame: Middleware = async function* (_message, _ctx, next) {
      yield '<'
      const last = await next()
      yield typeof last === 'string' ? last : ''
      yield '>'
    }
    expect((await runOnce(around(count, frame), '')).text).toBe('<one two three>three')
  })

  it('passes a returned AUTH_REQUIRED on as the end of the turn', async () => {
    const each: Middleware = async function* (_message, _ctx, next) {
      yield* next.results()
    }
    const { result } = await runOnce(
      around(() => authRequired('sign in'), each),
      '',
    )
    expect(result.state).toBe('TASK_STATE_AUTH_REQUIRED')
  })

  it('throws what the handler throws, to be caught or not', async () => {
    const broken: Handler = async function* () {
      yield 'so far'
      throw new Error('broken')
    }
    const catching: Middleware = async (_message, _ctx, next) => {
      try {
        return await next()
      } catch (error) {
        return fail(`caught ${(error as Error).message}`)
      }
    }
    const { result, text } = await runOnce(around(broken, catching), '')
    expect(text).toBe('so far')
    expect(result).toMatchObject({ state: 'TASK_STATE_FAILED', message: { parts: [{ text: 'caught broken' }] } })
    await expect(
      runOnce(
        around(broken, async (_m, _c, next) => next()),
        '',
      ),
    ).rejects.toThrow('broken')
    await expect(
      runOnce(
        around(broken, async function* (_m, _c, next) {
          yield* next.results()
        }),
        '',
      ),
    ).rejects.toThrow('broken')
  })

  it('never hides what a handler throws that was not waited for', async () => {
    const broken: Handler = () => Promise.reject(new Error('broken'))
    const careless: Middleware = async (_message, _ctx, next) => {
      void next().catch(() => {})
      await delay(5)
    }
    await expect(runOnce(around(broken, careless), '')).rejects.toThrow('broken')
  })

  it('refuses to go on without the handler', async () => {
    const careless: Middleware = async (_message, _ctx, next) => {
      void next()
    }
    await expect(runOnce(around(count, careless), '')).rejects.toMatchObject({
      reason: 'INVALID_AGENT_RESPONSE',
      message: "Agent x has a middleware that ends before next() has; write 'await next()'",
    })
  })

  it('refuses a second next()', async () => {
    const twice: Middleware = async (_message, _ctx, next) => {
      await next()
      await next()
    }
    await expect(runOnce(around(say, twice), '')).rejects.toMatchObject({
      reason: 'INVALID_AGENT_RESPONSE',
      message: 'Agent x has a middleware that calls next() twice',
    })
  })

  it('reports its own errors as those of the handler', async () => {
    const broken: Middleware = () => {
      throw new Error('early')
    }
    await expect(runOnce(around(say, broken), '')).rejects.toThrow('early')
  })

  it('is told of the signal, and cleans up handler and middleware when the turn is stopped', async () => {
    const stop = new AbortController()
    const ended: string[] = []
    const waiting: Handler = async function* (_message, ctx) {
      try {
        yield 'waiting'
        stop.abort(new Error('stopped'))
        await delay(60_000, undefined, { signal: ctx.signal })
      } finally {
        ended.push('handler')
      }
    }
    const watching: Middleware = async (_message, ctx, next) => {
      try {
        return await next()
      } finally {
        ended.push(`middleware ${ctx.signal.aborted}`)
      }
    }
    await expect(runOnce(around(waiting, watching), '', { signal: stop.signal })).rejects.toThrow()
    expect(ended).toEqual(['handler', 'middleware true'])
  })

  it('keeps every result and their order, whatever stands between', async () => {
    const passing: Record<string, Middleware> = {
      awaits: async (_message, _ctx, next) => {
        await next()
      },
      returns: (_message, _ctx, next) => next(),
      yields: async function* (_message, _ctx, next) {
        yield* next.results()
      },
      waits: async (_message, _ctx, next) => {
        await delay(0)
        const last = await next()
        await delay(0)
        return last
      },
    }
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...Object.keys(passing)), { maxLength: 4 }),
        fc.array(fc.record({ text: fc.string({ minLength: 1 }), pause: fc.boolean() }), { maxLength: 8 }),
        fc.boolean(),
        async (names, chunks, returned) => {
          const handler: Handler = async function* () {
            for (const { text, pause } of chunks) {
              if (pause) await delay(0)
              yield text
            }
            return returned ? data('last') : undefined
          }
          const use = names.map((name) => passing[name] as Middleware)
          const { text, result } = await runOnce(around(handler, ...use), '')
          expect(text).toBe(chunks.map((chunk) => chunk.text).join(''))
          expect(result.artifacts.at(-1)?.parts?.[0]?.data).toBe(returned ? 'last' : undefined)
        },
      ),
      { numRuns: 60 },
    )
  })
})
