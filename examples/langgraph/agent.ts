/** A LangGraph.js graph inside a handler: its steps are shown, and what its model says is streamed. */
import { agent, status } from 'temporal-a2a'
import { graph } from './graph.ts'

export default agent(
  { id: 'langgraph', name: 'LangGraph', description: 'Runs a graph.' },
  async function* (message, ctx) {
    const messages = [{ role: 'user', content: message.text }]
    const events = await graph.stream({ messages }, { streamMode: ['updates', 'messages'], signal: ctx.signal })
    for await (const [mode, event] of events) {
      if (mode === 'updates') yield status(`done: ${Object.keys(event).join()}`)
      else yield event[0].text
    }
  },
)
