/** Sends, streams, gets and cancels over Connect-Web, and shows it in the page. Usage: index.html?agent=URL */
import { createClient } from '@connectrpc/connect'
import { createConnectTransport } from '@connectrpc/connect-web'
import { A2AService, Role, TaskState } from 'temporal-a2a/proto'

const baseUrl = new URLSearchParams(location.search).get('agent') ?? 'http://127.0.0.1:4242'
const agent = createClient(A2AService, createConnectTransport({ baseUrl }))
const headers = { 'A2A-Version': '1.0' }

const page = document.querySelector('pre')
const print = (text: string) => page?.append(text)

const request = (text: string) => ({
  message: {
    messageId: crypto.randomUUID(),
    role: Role.USER,
    parts: [{ content: { case: 'text' as const, value: text } }],
  },
})

/** For agents that answer with tasks. */
async function send(text: string, returnImmediately = false) {
  const { payload } = await agent.sendMessage({ ...request(text), configuration: { returnImmediately } }, { headers })
  if (payload.case !== 'task') throw new Error('The answer is no task')
  return payload.value
}

try {
  const sent = await send('sun')
  print(`send: ${TaskState[sent.status?.state ?? 0]}\n`)

  print('stream: ')
  for await (const { payload } of agent.sendStreamingMessage(request('rain'), { headers })) {
    if (payload.case !== 'artifactUpdate') continue
    for (const { content } of payload.value.artifact?.parts ?? []) if (content.case === 'text') print(content.value)
  }
  print('\n')

  const got = await agent.getTask({ id: sent.id }, { headers })
  print(`get: ${TaskState[got.status?.state ?? 0]}\n`)

  const started = await send('wind', true)
  const canceled = await agent.cancelTask({ id: started.id }, { headers })
  print(`cancel: ${TaskState[canceled.status?.state ?? 0]}\n`)
} catch (error) {
  print(String(error))
}
