/** Reads the stream of a running writer agent to its end. Usage: node check.ts BASE_URL */
import assert from 'node:assert/strict'

const [url = 'http://127.0.0.1:4242'] = process.argv.slice(2)

interface Event {
  readonly task?: { id: string }
  readonly statusUpdate?: { status: { state: string; message?: { parts: { text: string }[] } } }
  readonly artifactUpdate?: { artifact: { name?: string; parts: { text?: string; data?: object }[] } }
}

const response = await fetch(`${url}/agents/writer/message:stream`, {
  method: 'POST',
  headers: { 'content-type': 'application/json', 'a2a-version': '1.0' },
  body: JSON.stringify({ message: { messageId: crypto.randomUUID(), role: 'ROLE_USER', parts: [{ text: 'rain' }] } }),
})
const events = (await response.text())
  .split('\n')
  .filter((line) => line.startsWith('data: '))
  .map((line) => JSON.parse(line.slice(6)) as Event)

const artifacts = events.flatMap(({ artifactUpdate }) => artifactUpdate?.artifact ?? [])
const text = artifacts.flatMap(({ parts }) => parts.map((part) => part.text ?? '')).join('')

assert.ok(events[0]?.task, 'a stream begins with the task')
assert.equal(
  events.find(({ statusUpdate }) => statusUpdate?.status.message)?.statusUpdate?.status.message?.parts[0]?.text,
  'thinking',
)
assert.match(text, /^About rain: A task begins .* said twice\. $/)
assert.ok(artifacts.length > 30, 'the text comes word by word')
assert.deepEqual(artifacts.find(({ name }) => name === 'outline')?.parts, [{ data: { sentences: 3 } }])
assert.equal(events.at(-1)?.statusUpdate?.status.state, 'TASK_STATE_COMPLETED')
console.log('writer: ok')
