// The official A2A TCK against the built server with a fixture agent.
//
//   node test/conformance/run-tck.mjs [flags for `temporal-a2a serve`]        version 1.0
//   node test/conformance/run-tck.mjs 0.3 [flags for `temporal-a2a serve`]    mandatory and capabilities, on each transport
//
// TCK_RUN: path of the runner, called as `TCK_RUN 1.0 BASE_URL`, or `TCK_RUN 0.3 ENDPOINT_URL TRANSPORT CATEGORY`. TCK_GIT: git directory of a2aproject/a2a-tck, which the
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
const isOld = process.argv[2] === '0.3'

/** The suite of 0.3 takes the address of gRPC only as a URL; its port has to be known before. */
const OLD_PORT = 41_033
const OLD_RUNS = ['jsonrpc', 'grpc', 'rest'].flatMap((transport) => [
  [transport, 'mandatory'],
  [transport, 'capabilities'],
])

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
  const agent = join(root, isOld ? 'test/conformance/fixture-agent-0.3.ts' : 'test/conformance/fixture-agent.ts')
  const form = isOld
    ? ['--port', String(OLD_PORT), '--card', 'v0.3', '--public-grpc-url', `http://127.0.0.1:${OLD_PORT}`]
    : ['--port', '0']
  const flags = [...form, '--json', '--db', join(dir, 'a2a.db'), ...process.argv.slice(isOld ? 3 : 2)]
  const server = start(process.execPath, [main, 'serve', agent, ...flags])
  const onStop = () => server.kill('SIGTERM')
  stop.signal.addEventListener('abort', onStop)
  try {
    const url = await banner(server)
    if (url === undefined) {
      say(`failed: the server ended with ${await server.ended} before it was ready`)
      return 1
    }
    const runs = isOld ? OLD_RUNS.map((each) => ['0.3', `${url}/agents/tck`, ...each]) : [['1.0', url]]
    let failed = false
    for (const args of runs) {
      if (isOld) say(`0.3 ${args.slice(2).join(' ')}`)
      const { code, last } = await run(runner, args, stop.signal)
      // Only the runner of 1.0 knows which skips are expected.
      const fine = (code === 0 || isOld) && /^passed [1-9]\d* failed 0 /.test(last)
      say(last === '' ? `failed: the runner ended with ${code} and said nothing` : last)
      failed ||= !fine
    }
    return failed ? 1 : 0
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
