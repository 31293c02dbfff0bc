/** Sends a message to the running agent and checks what is streamed. Usage: node check.ts BASE_URL */
import assert from 'node:assert/strict'
import { connect } from 'temporal-a2a/client'

const [url = 'http://127.0.0.1:4242'] = process.argv.slice(2)
const run = await (await connect(url)).stream('hello there')
const steps: string[] = []
for await (const { statusUpdate } of run.events()) {
  const said = statusUpdate?.status?.message?.parts?.[0]?.text
  if (said !== undefined) steps.push(said)
}

assert.equal(await run.text(), 'A graph has nodes and edges.')
assert.deepEqual(steps, ['done: look up', 'done: answer'])
console.log('langgraph: ok')
