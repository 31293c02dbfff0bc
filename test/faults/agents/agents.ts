/** The agents that the fault harness serves, see `script.ts` for what they can be told. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type AgentContext, agent, fail, inputRequired, text } from 'temporal-a2a'
import type { Effect } from '../history/history.js'
import { writeEffect } from './effects.js'
import { helped, labelOf, words } from './script.js'

const directory = process.env.FAULTS_DIR ?? '.'
/** Of the agents' code: some say so. */
const version = process.env.FAULTS_AGENT_VERSION ?? '1'

export const teller = agent(
  { id: 'teller', default: true, capabilities: { pushNotifications: true }, retry: { initialIntervalMs: 100 } },
  async function* (message, ctx) {
    const label = labelOf(message.messageId)
    const note = (what: Effect['what'], name: string) =>
      writeEffect(directory, { label, what, name, turn: ctx.turn, attempt: ctx.attempt })
    note('turn', message.messageId)
    const step = async (name: string, work: () => string | Promise<string>) => {
      const result = await ctx.step(name, async () => {
        note('step', name)
        return work()
      })
      note('stepped', name)
      return result
    }
    const [command = '', ...args] = message.text.split(' ')
    const [first = 0, second = 0] = args.map(Number)
    switch (command) {
      case 'tell':
        yield* tell(words(label, first), second, ctx)
        return
      case 'gated':
        yield* words(label, second)
        note('work', 'at-gate')
        await gate(args[2] ?? '', ctx)
        yield* words(label, first - second, second)
        return
      case 'count': {
        const count = await ctx.state.update('count', (before) => Number(before ?? 0) + 1)
        yield `${label} counted ${count}. `
        return ctx.turn < first ? inputRequired('And then?') : undefined
      }
      case 'ask':
        return inputRequired(`How many, ${label}?`)
      case 'chat': {
        const line = args.join(' ')
        yield `${ctx.turn}: ${line}. `
        return line === 'bye' ? undefined : inputRequired('And then?')
      }
      case 'work':
      case 'deaf':
        yield 'working'
        for (let i = 0; i < 600; i += 1) {
          if (ctx.signal.aborted && command === 'work') {
            note('aborted', String((ctx.signal.reason as { reason?: string }).reason))
            ctx.signal.throwIfAborted()
          }
          note('work', String(i))
          await delay(100)
        }
        return
      case 'crash-once':
        yield* words(label, second)
        if (ctx.attempt === 1) {
          await delay(200)
          process.kill(process.pid, 'SIGKILL')
        }
        yield* words(label, first - second, second)
        return
      case 'throw-once':
        yield* words(label, second)
        if (ctx.attempt === 1) throw new Error('once')
        yield* words(label, first - second, second)
        return
      case 'steps':
        for (const word of words(label, first)) {
          yield await step(word, async () => {
            await delay(second)
            return word
          })
        }
        return
      case 'book': {
        const found = await step('search', () => `${label} found, `)
        const answer = await ctx.ask(`Which one, ${label}?`)
        const paid = await step('pay', () => `${label} paid for ${answer.text}`)
        return text(version === '1' ? found + paid : `${found}${paid}, says version ${version}`)
      }
      case 'call': {
        const found = await step('search', () => `${label} found, `)
        const { text: help } = await ctx.call('helper', `${label} ${first}`)
        return text(found + (await step('pay', () => `${label} paid for ${help}`)))
      }
      case 'nap': {
        const down = await step('down', () => `${label} lay down, `)
        await ctx.sleep(first)
        return text(down + (await step('up', () => `${label} got up`)))
      }
      case 'flood':
        await gate(args[2] ?? '', ctx)
        for (let i = 0; i < first; i += 1) yield 'x'.repeat(second)
        return
      case 'fail':
        return fail('as told')
      default:
        throw new Error(`no such command: ${command}`)
    }
  },
)

/** `LABEL MS`: works so long for the task of that name, which has called it. */
export const helper = agent({ id: 'helper', retry: { initialIntervalMs: 100 } }, async (message, ctx) => {
  const [label = '', ms] = message.text.split(' ')
  const note = (what: Effect['what'], name: string) =>
    writeEffect(directory, { label, what, name, turn: ctx.turn, attempt: ctx.attempt })
  note('called', ctx.taskId)
  for (const end = Date.now() + Number(ms); Date.now() < end; ) {
    await delay(100, undefined, { signal: ctx.signal })
    note('work', 'help')
  }
  return helped(label)
})

async function* tell(list: readonly string[], everyMs: number, ctx: AgentContext): AsyncGenerator<string> {
  for (const word of list) {
    if (everyMs > 0) await delay(everyMs, undefined, { signal: ctx.signal })
    yield word
  }
}

/** Waits for a file: gates stay open over crashes. */
async function gate(name: string, ctx: AgentContext): Promise<void> {
  while (!existsSync(join(directory, `gate.${name}`))) await delay(20, undefined, { signal: ctx.signal })
}
