import { setTimeout as sleep } from 'node:timers/promises'
import { agent, artifact, status } from 'temporal-a2a'

const SENTENCES = [
  'A task begins when its first message is safely written down.',
  'From then on every process may die, and the task goes on.',
  'What was promised is kept, and what was said is not said twice.',
]

/** Stands in for a language model: the same text, word by word. */
async function* words(topic: string, signal: AbortSignal): AsyncGenerator<string> {
  for (const word of [`About ${topic}:`, ...SENTENCES].join(' ').split(' ')) {
    await sleep(30, undefined, { signal })
    yield `${word} `
  }
}

export default agent(
  { id: 'writer', name: 'Writer', description: 'Writes a short text and streams it word by word.', default: true },
  async function* (message, ctx) {
    yield status('thinking')
    yield* words(message.text, ctx.signal)
    yield artifact({ name: 'outline', parts: [{ data: { sentences: SENTENCES.length } }] })
  },
)
