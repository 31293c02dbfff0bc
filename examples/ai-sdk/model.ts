/** The SDK's own mock in place of a provider's model, such as `openai('gpt-5')`: says the prompt again, word by word. */
import { simulateReadableStream } from 'ai'
import { MockLanguageModelV4 } from 'ai/test'

type Chunk =
  Awaited<ReturnType<MockLanguageModelV4['doStream']>>['stream'] extends ReadableStream<infer Part> ? Part : never

export const model = new MockLanguageModelV4({
  async doStream({ prompt }) {
    const said = prompt.flatMap(({ role, content }) =>
      role === 'user' ? content.map((part) => (part.type === 'text' ? part.text : '')) : [],
    )
    const words = `You said: ${said.join(' ')}`.split(' ')
    if (said.includes('fail')) throw new Error('the model is out of order')
    const chunks: Chunk[] = [
      { type: 'stream-start', warnings: [] },
      { type: 'text-start', id: '1' },
      ...words.map((word) => ({ type: 'text-delta' as const, id: '1', delta: `${word} ` })),
      { type: 'text-end', id: '1' },
      {
        type: 'finish',
        finishReason: { unified: 'stop', raw: undefined },
        usage: {
          inputTokens: { total: 1, noCache: 1, cacheRead: undefined, cacheWrite: undefined },
          outputTokens: { total: words.length, text: words.length, reasoning: undefined },
        },
      },
    ]
    return { stream: simulateReadableStream({ chunks, chunkDelayInMs: 20 }) }
  },
})
