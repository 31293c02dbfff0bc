/** What a caller may expect of the client, whoever wrote the server and whichever wire is between them. */
import { expect, it } from 'vitest'
import type { StreamResponseJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { type AgentClient, type Run, TaskNotCompletedError } from '../../src/client/index.js'
import { all, eventually, outline, streamedText } from '../support/reading.js'

export interface CallerSubject {
  /** A client of the agent that takes commands. */
  client(): AgentClient
  /** A client of the agent that answers with messages, and the text to send to it. */
  answering(): { readonly client: AgentClient; readonly text: string }
  openGate(name: string): void
  /** Prefix of the names of gates and contexts. */
  readonly name: string
}

export function callerSuite({ client, answering, openGate, name }: CallerSubject): void {
  let gates = 0
  const gateName = () => {
    gates += 1
    return `${name}-${gates}`
  }

  /** A run whose agent has said "waiting", and waits at the gate. */
  async function startWaiting(gate: string): Promise<Run> {
    const run = await client().stream(`wait ${gate}`)
    for await (const _ of run.events()) if (run.task?.artifacts !== undefined) break
    return run
  }

  it('sends a message and waits for the task', async () => {
    const run = await client().send('chunks a b c')
    expect(run.state).toBe('TASK_STATE_COMPLETED')
    expect(run.ended).toBe(true)
    expect(await run.text()).toBe('abc')
    expect(outline(await all(run.events()))).toEqual(['task COMPLETED'])
    expect(await all(run.events())).toEqual([])
    expect(run.taskId).toBe(run.task?.id)
    expect(run.contextId).toBe(run.task?.contextId)
  })

  it('streams every event once, and ends by itself', async () => {
    const run = await client().stream('chunks one two three')
    const events = await all(run.events())
    expect(outline(events)[0]).toMatch(/^task/)
    expect(outline(events).slice(1)).toEqual([
      'status WORKING',
      ...outline(events).filter((line) => line === 'artifact'),
      'status COMPLETED',
    ])
    expect(streamedText(events)).toBe('onetwothree')
    expect((await run.result()).text).toBe('onetwothree')
  })

  it('streams while the agent works', async () => {
    const gate = gateName()
    const run = await client().stream(`wait ${gate}`)
    let text = ''
    for await (const chunk of run.textStream()) {
      text += chunk
      openGate(gate)
    }
    expect(text).toBe('waiting no more')
    expect(run.ended).toBe(true)
  })

  it('takes a message for an answer', async () => {
    const { client: bot, text } = answering()
    const run = await bot.send(text)
    expect(run.taskId).toBeUndefined()
    expect(run.message?.role).toBe('ROLE_AGENT')
    expect(await run.text()).toBe('Answer: hi')
    expect(outline(await all(run.events()))).toEqual(['message'])
    await expect(run.cancel()).rejects.toMatchObject({ reason: 'UNSUPPORTED_OPERATION' })
  })

  it('answers what the agent asks, in the same task', async () => {
    const run = await client().send('ask which?')
    expect(run.needsInput).toBe(true)
    expect(run.statusText).toBe('which?')
    expect(await run.text()).toBe('which?')
    const { taskId } = run
    await run.reply('this one')
    const events = await all(run.events())
    expect(outline(events).at(0)).toBe('task INPUT_REQUIRED')
    expect(outline(events).at(-1)).toBe('status COMPLETED')
    expect(await run.text()).toContain('this one')
    expect(run.taskId).toBe(taskId)
  })

  it('carries parts and metadata', async () => {
    const parts = [
      { text: 'mirror' },
      { data: { list: [1, 'ü', { deep: null }] }, metadata: { m: 1 } },
      { raw: 'AAH+/w==', filename: 'x.bin', mediaType: 'image/png' },
    ]
    const run = await client().send({ parts, metadata: { a: [true] } })
    const { data } = await run.result()
    const { message } = data[0] as { message: { parts: object[]; metadata: object } }
    expect(message.parts).toMatchObject(parts)
    expect(message.metadata).toMatchObject({ a: [true] })
  })

  it('leaves a loop and comes back; another reader begins with the Task', async () => {
    const gate = gateName()
    const run = await startWaiting(gate)
    const other = client().resume(run.taskId ?? '')
    const theirs: StreamResponseJson[] = []
    const reading = (async () => {
      for await (const event of other.events()) theirs.push(event)
    })()
    await eventually(() => expect(theirs).not.toHaveLength(0))
    openGate(gate)
    const mine = await all(run.events())
    await reading
    expect(outline(theirs)[0]).toBe('task WORKING')
    expect(streamedText(theirs)).toBe('waiting no more')
    expect(outline(mine).filter((line) => line.startsWith('task'))).toEqual([])
    expect(outline(mine).at(-1)).toBe('status COMPLETED')
    expect(await run.text()).toBe('waiting no more')
  })

  it('reads a task that has ended before it came', async () => {
    const { taskId = '' } = await client().send('chunks x y')
    const run = client().resume(taskId)
    expect(run.state).toBeUndefined()
    expect(outline(await all(run.events()))).toEqual(['task COMPLETED'])
    expect((await client().resume(taskId).result()).text).toBe('xy')
  })

  it('cancels; every reader sees it', async () => {
    const gate = gateName()
    const run = await startWaiting(gate)
    const reading = client()
      .resume(run.taskId ?? '')
      .result()
    expect((await run.cancel()).status?.state).toBe('TASK_STATE_CANCELED')
    expect((await run.result()).state).toBe('TASK_STATE_CANCELED')
    expect((await reading).state).toBe('TASK_STATE_CANCELED')
    await expect(run.text()).rejects.toThrow(TaskNotCompletedError)
  })

  it('cancels what waits for its caller', async () => {
    const run = await client().send('ask which?')
    await run.cancel()
    expect(run.state).toBe('TASK_STATE_CANCELED')
    expect(outline(await all(run.events()))).toEqual(['task INPUT_REQUIRED', 'status CANCELED'])
    const unread = await client().stream('ask which?')
    await eventually(async () => {
      const { status } = await client().getTask({ id: unread.taskId ?? '' })
      expect(status?.state).toBe('TASK_STATE_INPUT_REQUIRED')
    })
    await unread.cancel()
    expect((await unread.result()).state).toBe('TASK_STATE_CANCELED')
  })

  it('says that and why a task failed', async () => {
    const run = await client().send('fail no money')
    expect(run.state).toBe('TASK_STATE_FAILED')
    await expect(run.text()).rejects.toMatchObject({
      name: 'TaskNotCompletedError',
      state: 'TASK_STATE_FAILED',
      message: 'The task ended as FAILED: no money',
    })
    expect((await run.result()).text).toBe('no money')
  })

  it('gets typed errors', async () => {
    const bot = client()
    const { taskId = '' } = await bot.send('echo x')
    const cases: [() => Promise<unknown>, string][] = [
      [() => bot.getTask({ id: 'none' }), 'TASK_NOT_FOUND'],
      [() => bot.cancelTask({ id: 'none' }), 'TASK_NOT_FOUND'],
      [() => bot.resume('none').result(), 'TASK_NOT_FOUND'],
      [() => bot.send('x', { taskId: 'none' }), 'TASK_NOT_FOUND'],
      [() => bot.cancelTask({ id: taskId }), 'TASK_NOT_CANCELABLE'],
      [() => bot.send('x', { taskId }), 'UNSUPPORTED_OPERATION'],
    ]
    for (const [call, reason] of cases) {
      await expect(call(), reason).rejects.toMatchObject({ name: 'A2AError', reason })
    }
  })

  it('has the operations themselves', async () => {
    const bot = client()
    const message = { messageId: crypto.randomUUID(), role: 'ROLE_USER', parts: [{ text: 'echo x' }] } as const
    const { task } = await bot.sendMessage({ message: { ...message, parts: [...message.parts] } })
    expect(await bot.getTask({ id: task?.id ?? '', historyLength: 0 })).toMatchObject({
      status: { state: 'TASK_STATE_COMPLETED' },
    })
    const again = { ...message, messageId: crypto.randomUUID(), parts: [...message.parts] }
    expect(streamedText(await all(bot.sendStreamingMessage({ message: again })))).toBe('Echo: x')
  })
}
