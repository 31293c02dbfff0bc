/** The Vercel AI SDK inside a handler: what the model says is streamed, what the agent does is shown. */
import { streamText } from 'ai'
import { agent, status } from 'temporal-a2a'
import { model } from './model.ts'

export default agent(
  { id: 'ai-sdk', name: 'AI SDK', description: 'Talks with a model.' },
  async function* (message, ctx) {
    const { stream } = streamText({ model, prompt: message.text, abortSignal: ctx.signal, maxRetries: 0, onError() {} })
    for await (const part of stream) {
      if (part.type === 'text-delta') yield part.text
      if (part.type === 'tool-call') yield status(`using ${part.toolName}`)
      if (part.type === 'error') throw part.error
    }
  },
)
