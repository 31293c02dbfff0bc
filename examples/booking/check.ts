/**
 * Asks, kills every process, starts again, answers; twice. The search must have run once: its offer is the one that was
 * approved, and the one that is paid. Usage: node check.ts [PATH OF THE COMMAND temporal-a2a]
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const [command = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url))] = process.argv.slice(2)
const agentFile = fileURLToPath(new URL('agent.ts', import.meta.url))
const directory = await mkdtemp(join(tmpdir(), 'booking-'))
const db = join(directory, 'a2a.db')

interface Task {
  readonly id: string
  readonly status: {
    readonly state: string
    readonly message?: { readonly parts: readonly { readonly text: string }[] }
  }
  readonly artifacts?: readonly { readonly parts: readonly { readonly data?: object }[] }[]
}

async function start() {
  const server = spawn(process.execPath, [command, 'serve', agentFile, '--port', '0', '--json', '--db', db], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let out = ''
  for await (const chunk of server.stdout) {
    out += chunk
    if (out.includes('\n')) break
  }
  const { url } = JSON.parse(out) as { url: string }
  return { url, server }
}

type Running = Awaited<ReturnType<typeof start>>

/** The server with all that is in it, and the Temporal server that it has started. */
async function killEverything({ server }: Running): Promise<void> {
  const state = JSON.parse(await readFile(`${db}.temporal.state.json`, 'utf8')) as { pid: number }
  server.kill('SIGKILL')
  process.kill(state.pid, 'SIGKILL')
  await once(server, 'exit')
}

async function say({ url }: Running, text: string, taskId?: string): Promise<Task> {
  const response = await fetch(`${url}/message:send`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'a2a-version': '1.0' },
    body: JSON.stringify({ message: { messageId: crypto.randomUUID(), role: 'ROLE_USER', taskId, parts: [{ text }] } }),
  })
  const { task } = (await response.json()) as { task: Task }
  return task
}

function question({ status }: Task): string {
  assert.equal(status.state, 'TASK_STATE_INPUT_REQUIRED')
  return status.message?.parts[0]?.text ?? ''
}

let running = await start()
try {
  const asked = await say(running, 'A trip, please')
  assert.equal(question(asked), 'Which city?')

  await killEverything(running)
  running = await start()
  const offered = question(await say(running, 'Porto', asked.id))
  assert.match(offered, /^Pay 1200 for offer \S+\?$/)

  await killEverything(running)
  running = await start()
  const booked = await say(running, 'yes', asked.id)
  assert.equal(booked.status.state, 'TASK_STATE_COMPLETED')
  const { offer } = (booked.artifacts?.[0]?.parts[0]?.data ?? {}) as { offer?: { id: string; city: string } }
  assert.equal(offer?.city, 'Porto')
  assert.equal(offered, `Pay 1200 for offer ${offer.id}?`, 'the search has run once')
  console.log('booking: ok')
} finally {
  running.server.kill('SIGTERM')
  await once(running.server, 'exit')
  await rm(directory, { recursive: true, force: true })
}
