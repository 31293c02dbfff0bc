/** Agents whose values are large, in every place that a task has for them. */
import { createHash } from 'node:crypto'
import { type AgentDefinition, agent, artifact, data, file, inputRequired, text } from '../../src/index.js'
import { gate } from './agents.js'

/** Bytes that no two pieces of are the same. */
export function bytesOf(length: number, seed = 'bytes'): Buffer {
  const blocks: Buffer[] = []
  const block = 32_768
  for (let at = 0; at < length; at += block) {
    const head = createHash('sha512').update(`${seed} ${at}`).digest()
    blocks.push(Buffer.concat(Array<Buffer>(block / head.length).fill(head)))
  }
  return Buffer.concat(blocks).subarray(0, length)
}

/** The same as text of so many characters. */
export function textOfLength(length: number, seed = 'text'): string {
  return bytesOf(Math.ceil(length / 2), seed)
    .toString('hex')
    .slice(0, length)
}

export const hashOf = (content: string | Uint8Array) => createHash('sha256').update(content).digest('hex')

/** How often the step of `steps` has run, by its word. */
export const stepsRun = new Map<string, number>()

export const large: AgentDefinition = agent(
  { id: 'large', retry: { maxAttempts: 2, initialIntervalMs: 20 } },
  async function* (message, ctx) {
    const [command = '', first = '', second = ''] = message.text.slice(0, 200).split(' ')
    switch (command) {
      case 'hash':
        return yield hashOf(message.text)
      case 'file':
        return yield file('large.bin', bytesOf(Number(first)), 'application/octet-stream')
      case 'chunks':
        for (let i = 0; i < Number(second); i += 1) yield textOfLength(Number(first), String(i))
        return
      case 'held-chunks':
        // As above, and before its end it waits at the gate that is the last word.
        for (let i = 0; i < Number(first); i += 1) yield textOfLength(100_000, String(i))
        await gate(second, ctx.signal)
        return yield `end of attempt ${ctx.attempt}`
      case 'many':
        // Parts that are small, and too many.
        return yield artifact({
          artifactId: 'many',
          parts: Array.from({ length: Number(first) }, (_, i) => ({ data: { i, hash: hashOf(String(i)) } })),
        })
      case 'small':
        for (let i = 0; i < Number(first); i += 1) yield data({ text: textOfLength(60_000, String(i)) })
        return
      case 'ask':
        return yield inputRequired(textOfLength(Number(first)))
      case 'steps': {
        const value = await ctx.step('large', () => {
          stepsRun.set(second, (stepsRun.get(second) ?? 0) + 1)
          return { text: textOfLength(Number(first)) }
        })
        yield data({ before: hashOf(value.text) })
        const answer = await ctx.ask('And?')
        return yield data({ step: hashOf(value.text), answer: hashOf(answer.text), first: hashOf(message.text) })
      }
      case 'repeat':
        return yield text('x'.repeat(Number(first)))
      default:
        return yield `turn ${ctx.turn}: ${hashOf(message.text)} after ${ctx.history.length}`
    }
  },
)
