/** What an author's file leaves behind harms nobody else. In a process of its own; needs the build. */
import { afterEach, expect, it } from 'vitest'
import { endAll, runCli } from '../support/processes.js'
import { all, eventually, outline, send, streamedText, taskOf, textOf } from '../support/reading.js'
import { wireNamed } from '../support/wires.js'

const SERVE = ['serve', 'test/fixtures/careless-agents.ts', '--port', '0', '--engine', 'memory', '--json']

afterEach(endAll)

it('what a handler forgets to await ends no other task', async () => {
  const cli = runCli(SERVE)
  const wire = wireNamed('rest', (await cli.json<{ url: string }>()).url)
  const words = Array.from({ length: 40 }, (_, index) => `w${index}`)
  const steady = all(wire.stream('sendStreamingMessage', send(words.join(' ')), { agent: 'steady' }))
  const careless = taskOf(await wire.call('sendMessage', send('hi'), { agent: 'careless' }))
  expect(textOf(careless)).toBe('Handled: hi')
  await eventually(() => expect(cli.stderr()).toContain('forgotten later'))
  expect(cli.stderr()).toContain('forgotten at once')
  const events = await steady
  expect(outline(events).at(-1)).toBe('status COMPLETED')
  expect(streamedText(events)).toBe(words.map((word) => `1:${word} `).join(''))
}, 60_000)

it('what a file leaves running does not hold the process when it is told to end', async () => {
  const cli = runCli(SERVE)
  await cli.json()
  cli.kill('SIGTERM')
  expect(await cli.ended).toBe(0)
}, 60_000)
