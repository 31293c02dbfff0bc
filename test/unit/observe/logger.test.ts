/** What the default logger writes. */
import { describe, expect, it } from 'vitest'
import { createLogger } from '../../../src/observe/logger.js'

const SECRET = 'Bearer hunter2'

/** As HTTP clients make them: with the request that failed. */
class RequestFailed extends Error {
  override readonly name = 'RequestFailed'
  readonly code = 'ERR_BAD_RESPONSE'
  readonly config = { headers: { Authorization: SECRET }, data: SECRET }
}

function logged(fields: object): Record<string, unknown> {
  const lines: string[] = []
  createLogger('debug', { write: (line: string) => void lines.push(line) }).error(fields, 'it failed')
  expect(lines).toHaveLength(1)
  expect(lines[0]).not.toContain('hunter2')
  return JSON.parse(lines[0] ?? '') as Record<string, unknown>
}

describe('an error in the log', () => {
  it('has type, message, stack, code and causes, and nothing else', () => {
    const cause = new RequestFailed('status 500')
    const { err, msg, agentId } = logged({ agentId: 'echo', err: new TypeError('no weather', { cause }) })
    expect({ msg, agentId }).toEqual({ msg: 'it failed', agentId: 'echo' })
    expect(err).toEqual({
      type: 'TypeError',
      message: 'no weather',
      stack: expect.stringContaining('logger.test.ts'),
      cause: {
        type: 'RequestFailed',
        message: 'status 500',
        stack: expect.stringContaining('logger.test.ts'),
        code: 'ERR_BAD_RESPONSE',
      },
    })
  })

  it('is the same under any name', () => {
    expect(logged({ error: new RequestFailed('a') }).error).toMatchObject({ type: 'RequestFailed', message: 'a' })
  })

  it('may be what is no error', () => {
    expect(logged({ err: 'gone' }).err).toEqual({ type: 'string', message: 'gone' })
    expect(logged({ err: { config: { data: SECRET } } }).err).toEqual({ type: 'object' })
    expect(logged({ err: null }).err).toEqual({ type: 'object', message: 'null' })
    expect(logged({ err: undefined })).not.toHaveProperty('err')
  })

  it('ends, though its causes are a circle', () => {
    const error = new Error('a')
    error.cause = new Error('b', { cause: error })
    expect(JSON.stringify(logged({ err: error }).err).match(/"message"/g)).toHaveLength(9)
  })

  it('leaves other fields as they are, without those that are secret', () => {
    expect(logged({ port: 1, list: [1, 2], token: SECRET })).toMatchObject({
      port: 1,
      list: [1, 2],
      token: '[Redacted]',
    })
  })
})
