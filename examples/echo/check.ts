/** Sends a message to a running echo agent and checks the answer. Usage: node check.ts BASE_URL */
import assert from 'node:assert/strict'

const [url = 'http://127.0.0.1:4242'] = process.argv.slice(2)

const response = await fetch(`${url}/agents/echo`, {
  method: 'POST',
  headers: { 'content-type': 'application/json', 'a2a-version': '1.0' },
  body: JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'SendMessage',
    params: { message: { messageId: crypto.randomUUID(), role: 'ROLE_USER', parts: [{ text: 'hello' }] } },
  }),
})
const { result } = (await response.json()) as {
  result: { task: { status: { state: string }; artifacts: { parts: { text: string }[] }[] } }
}

assert.equal(result.task.status.state, 'TASK_STATE_COMPLETED')
assert.equal(result.task.artifacts[0]?.parts[0]?.text, 'Echo: hello')
console.log('echo: ok')
