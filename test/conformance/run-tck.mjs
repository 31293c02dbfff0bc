// The official A2A TCK 1.0 against the built server with the fixture agent.
//
//   node test/conformance/run-tck.mjs [flags for `temporal-a2a serve`]
//
// TCK_RUN: path of the runner, called as `TCK_RUN 1.0 BASE_URL`. TCK_GIT: git directory of a2aproject/a2a-tck, which the
// runner reads. The suite is not part of this repository, so without both there is nothing to run.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** The longest a server may take to stop; then it is killed. */
const STOP_MS = 15_000

const root = fileURLToPath(new URL('../..', import.meta.url))
const main = join(root, 'dist/src/cli/main.js')
const { TCK_RUN, TCK_GIT } = process.env

if (!TCK_RUN || !TCK_GIT) {
  say('skipped: the A2A TCK needs TCK_RUN (path of its runner) and TCK_GIT (git directory of a2aproject/a2a-tck)')
} else if (!existsSync(main)) {
  say('not built: run `npm run build` first')
  process.exitCode = 1
} else {
  process.exitCode = await judge(TCK_RUN)
}

/** @returns exit code: 0 only when the runner is content and its last line counts passes and no failure */
async function judge(runner) {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => stop.abort())
  const dir = mkdtempSync(join(tmpdir(), 'a2a-tck-run-'))
  const agent = join(root, 'test/conformance/fixture-agent.ts')
  const flags = ['--port', '0', '--json', '--db', join(dir, 'a2a.db'), ...process.argv.slice(2)]
  const server = start(process.execPath, [main, 'serve', agent, ...flags])
  const onStop = () => server.kill('SIGTERM')
  stop.signal.addEventListener('abort', onStop)
  try {
    const url = await banner(server)
    if (url === undefined) {
      say(`failed: the server ended with ${await server.ended} before it was ready`)
      return 1
    }
    const { code, last } = await run(runner, ['1.0', url], stop.signal)
    const fine = code === 0 && /^passed [1-9]\d* failed 0 /.test(last)
    say(last === '' ? `failed: the runner ended with ${code} and said nothing` : last)
    return fine ? 0 : 1
  } finally {
    stop.signal.removeEventListener('abort', onStop)
    await end(server)
    rmSync(dir, { recursive: true, force: true })
  }
}

/** The child leads a group of its own: a Ctrl-C reaches it through us only, so that it is asked to stop once. */
function start(command, args) {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'], detached: true })
  child.ended = once(child, 'close').then(
    ([code, signal]) => signal ?? code,
    (error) => error.message,
  )
  return child
}

/** The base URL out of the first line, or undefined when the server ends without one. */
async function banner(server) {
  for await (const line of createInterface({ input: server.stdout })) {
    // Nothing more is read, and a full pipe would hold the server up.
    server.stdout.resume()
    return JSON.parse(line).url
  }
  return undefined
}

/** Shows what the runner prints (failures, unexpected skips) and keeps the last line, which counts. */
async function run(command, args, signal) {
  const child = start(command, args)
  // The whole group, because the runner is a script that waits for the suite.
  const kill = () => child.pid !== undefined && process.kill(-child.pid, 'SIGTERM')
  signal.addEventListener('abort', kill)
  let last = ''
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      if (last !== '') say(last)
      last = line
    }
    return { code: await child.ended, last }
  } finally {
    signal.removeEventListener('abort', kill)
  }
}

async function end(server) {
  if (server.exitCode !== null || server.signalCode !== null || server.pid === undefined) return
  // A second signal would mean: at once, without stopping Temporal in order.
  if (!server.killed) server.kill('SIGTERM')
  const late = setTimeout(() => server.kill('SIGKILL'), STOP_MS)
  await server.ended
  clearTimeout(late)
}

function say(line) {
  process.stdout.write(`${line}\n`)
}
