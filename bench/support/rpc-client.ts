/** A small JSON-RPC client over kept-alive HTTP/1.1 connections. */
import http from 'node:http'

const keepAlive = new http.Agent({ keepAlive: true, maxSockets: 256 })

/** @param taskId the task to go on with; a new one by default */
export function messageRequest(method: string, text: string, taskId?: string): string {
  const message = { messageId: 'm', role: 'ROLE_USER', parts: [{ text }], ...(taskId === undefined ? {} : { taskId }) }
  return JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { message } })
}

/** Begins a task that waits for an answer, and gives its id. */
export async function waitingTask(agentUrl: string): Promise<string> {
  const answer = await post(agentUrl, messageRequest('SendMessage', 'hi'))
  const { result } = JSON.parse(answer) as { result?: { task?: { id: string; status: { state: string } } } }
  if (result?.task?.status.state !== 'TASK_STATE_INPUT_REQUIRED') throw new Error(`does not wait: ${answer}`)
  return result.task.id
}

/** The whole answer as text. */
export function post(url: string, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = open(url, body, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => resolve(text))
    })
    request.on('error', reject)
  })
}

/** Resolves with the first piece of the answer; the rest is read and thrown away. */
export function firstPiece(url: string, body: string): Promise<{ first: string; whole: Promise<void> }> {
  return new Promise((resolve, reject) => {
    const request = open(url, body, (response) => {
      const whole = new Promise<void>((done) => {
        response.on('end', done)
      })
      response.once('data', (chunk: Buffer) => resolve({ first: chunk.toString(), whole }))
      response.on('data', () => {})
    })
    request.on('error', reject)
  })
}

function open(url: string, body: string, onResponse: (response: http.IncomingMessage) => void): http.ClientRequest {
  const headers = {
    'content-type': 'application/json',
    'a2a-version': '1.0',
    'content-length': Buffer.byteLength(body),
  }
  const request = http.request(url, { method: 'POST', agent: keepAlive, headers }, onResponse)
  request.end(body)
  return request
}
