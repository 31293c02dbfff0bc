/** Sends a message to the running agent and checks what is streamed. Usage: node check.ts BASE_URL */
import assert from 'node:assert/strict'
import { connect } from 'temporal-a2a/client'

const [url = 'http://127.0.0.1:4242'] = process.argv.slice(2)
const run = await (await connect(url)).stream('hello there')
let chunks = 0
for await (const { artifactUpdate } of run.events()) if (artifactUpdate !== undefined) chunks += 1

assert.equal(await run.text(), 'You said: hello there ')
assert.ok(chunks >= 4, 'the text comes word by word')
console.log('ai-sdk: ok')
