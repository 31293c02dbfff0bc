/** The examples that run a framework inside a handler: served as a reader would, and stopped. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import aiSdk from '../../examples/ai-sdk/agent.js'
import { model } from '../../examples/ai-sdk/model.js'
import langgraph from '../../examples/langgraph/agent.js'
import { TurnStopped } from '../../src/index.js'
import { endAll, runCli } from '../support/processes.js'
import { runOnce } from '../support/run-turn.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const run = promisify(execFile)

afterEach(endAll)

describe.each(['ai-sdk', 'langgraph'])('the example %s', { timeout: 60_000 }, (name) => {
  it('checks itself', async () => {
    const server = runCli(['serve', `examples/${name}/agent.ts`, '--port', '0', '--engine', 'memory', '--json'])
    const { url } = await server.json<{ url: string }>()
    const { stdout } = await run(process.execPath, [`${ROOT}examples/${name}/check.ts`, url], { cwd: ROOT })
    expect(stdout).toBe(`${name}: ok\n`)
  })

  it('is at most 15 lines of glue', async () => {
    const code = await readFile(`${ROOT}examples/${name}/agent.ts`, 'utf8')
    const lines = code.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('/**'))
    expect(lines.length).toBeLessThanOrEqual(15)
  })
})

describe('a framework inside a handler', () => {
  it.each([
    ['ai-sdk', aiSdk],
    ['langgraph', langgraph],
  ])('%s stops when the task is canceled', async (_, agent) => {
    const stop = new AbortController()
    const text = Array(500).fill('word').join(' ')
    setTimeout(() => stop.abort(new TurnStopped('canceled')), 60)
    await expect(runOnce(agent, text, { signal: stop.signal })).rejects.toMatchObject({ reason: 'canceled' })
  })

  it('the model itself is told of it', async () => {
    const stop = new AbortController()
    setTimeout(() => stop.abort(new TurnStopped('canceled')), 60)
    await runOnce(aiSdk, Array(500).fill('word').join(' '), { signal: stop.signal }).catch(() => {})
    expect(model.doStreamCalls.at(-1)?.abortSignal?.aborted).toBe(true)
  })

  it('a model that fails is an error of the handler, to be tried again', async () => {
    await expect(runOnce(aiSdk, 'fail')).rejects.toThrow('the model is out of order')
  })
})
