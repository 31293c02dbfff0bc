/**
 * The official A2A TCK against the built server with an agent of this folder.
 *
 *   npm run conformance              every mode
 *   npm run conformance -- bare 0.3  some of them
 *
 * TCK_RUN is the path of the runner, called as `TCK_RUN 1.0 BASE_URL [pytest arguments]`, or
 * `TCK_RUN 0.3 ENDPOINT_URL TRANSPORT CATEGORY`; its last line is `passed P failed F skipped S`. TCK_GIT, a git directory of
 * a2aproject/a2a-tck, is for the runner. The suite is not part of this repository: without both there is nothing to run.
 */
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

/** The suite of 0.3 takes the address of gRPC only as a URL; its port has to be known before. */
const OLD_PORT = 41_033

/** Errors of the suite itself. */
const SUITE_ERRORS = [
  // Reads the body of a stream that was refused, without having fetched it.
  /TestRestStreaming::test_streaming_content_type$/,
  // Continues a task with a context that is not the task's.
  /test_message_send_continue_with_contextid$/,
]

/**
 * What is judged: what the agent's card says, flags of the server, and the suite's runs. With `known`, a skip that the runner
 * does not expect fails the run: it expects those of a full server.
 */
const MODES = {
  full: { agent: 'full', flags: ['--port', '0'], runs: (url) => [['1.0', url]], known: true },
  bare: { agent: 'bare', flags: ['--port', '0'], runs: (url) => [['1.0', url]], known: false },
  'required-extension': {
    agent: 'demanding',
    flags: ['--port', '0'],
    // Every other test would be refused for not naming the extension.
    runs: (url) => [['1.0', url, '-k', 'ExtensionRequired']],
    known: false,
  },
  0.3: {
    file: 'fixture-agent-0.3.ts',
    flags: ['--port', `${OLD_PORT}`, '--card', 'v0.3', '--public-grpc-url', `http://127.0.0.1:${OLD_PORT}`],
    runs: (url) =>
      ['jsonrpc', 'grpc', 'rest'].flatMap((transport) =>
        ['mandatory', 'capabilities'].map((category) => ['0.3', `${url}/agents/tck`, transport, category]),
      ),
    known: false,
  },
}

const asked = process.argv.slice(2)
const unknown = asked.filter((mode) => !Object.hasOwn(MODES, mode))

if (unknown.length > 0) {
  say(`no such mode: ${unknown.join(', ')}; there are ${Object.keys(MODES).join(', ')}`)
  process.exitCode = 2
} else if (!TCK_RUN || !TCK_GIT) {
  say('skipped: the A2A TCK needs TCK_RUN (path of its runner) and TCK_GIT (git directory of a2aproject/a2a-tck)')
} else if (!existsSync(main)) {
  say('not built: run `npm run build` first')
  process.exitCode = 1
} else {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => stop.abort())
  for (const [name, mode] of Object.entries(MODES)) {
    if (stop.signal.aborted || (asked.length > 0 && !asked.includes(name))) continue
    if (!(await judge(TCK_RUN, name, mode, stop.signal))) process.exitCode = 1
  }
}

/** @returns true when every run has passes and no failure but those of the suite itself, and skipped only what it should */
async function judge(runner, name, { agent, file = 'fixture-agent.ts', flags, runs, known }, signal) {
  const dir = mkdtempSync(join(tmpdir(), 'a2a-tck-run-'))
  // The suite's own receiver of webhooks is on this machine.
  const allow = ['127.0.0.1', '::1'].flatMap((address) => ['--webhook-allow', address])
  const common = [...allow, '--json', '--db', join(dir, 'a2a.db')]
  const args = ['serve', join(root, 'test/conformance', file), ...flags, ...common]
  const server = start(process.execPath, [main, ...args], agent === undefined ? {} : { TCK_AGENT: agent })
  const onStop = () => server.kill('SIGTERM')
  signal.addEventListener('abort', onStop)
  try {
    const url = await banner(server)
    if (url === undefined) {
      say(`${name}: the server ended with ${await server.ended} before it was ready`)
      return false
    }
    let fine = true
    for (const each of runs(url)) {
      const { code, last, failures } = await run(runner, each, known, signal)
      const counted = Number(/^passed [1-9]\d* failed (\d+) /.exec(last)?.[1] ?? Number.NaN)
      const real = failures.filter((failure) => !SUITE_ERRORS.some((pattern) => pattern.test(failure)))
      say([name, ...each.slice(2), last === '' ? `the runner ended with ${code} and said nothing` : last].join(' '))
      fine &&= real.length === 0 && counted === failures.length && (code === 0 || !known)
    }
    return fine
  } finally {
    signal.removeEventListener('abort', onStop)
    await end(server)
    rmSync(dir, { recursive: true, force: true })
  }
}

/** The child leads a group of its own: a Ctrl-C reaches it through us only, so that it is asked to stop once. */
function start(command, args, env = {}) {
  const child = spawn(command, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
    env: { ...process.env, ...env },
  })
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

/** Shows what the runner prints (failures, and unexpected skips where they matter) and keeps the last line, which counts. */
async function run(command, args, skipsMatter, signal) {
  const child = start(command, args)
  // The whole group, because the runner is a script that waits for the suite.
  const kill = () => child.pid !== undefined && process.kill(-child.pid, 'SIGTERM')
  signal.addEventListener('abort', kill)
  const failures = []
  let last = ''
  let shown = true
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      if (last !== '' && shown) say(last)
      last = line
      // What is indented belongs to the line before.
      if (!line.startsWith(' ')) shown = skipsMatter || !/^UNEXPECTED SKIP|^skips not/.test(line)
      const failure = /^FAILED (\S+)/.exec(line)?.[1]
      if (failure !== undefined) failures.push(failure)
    }
    return { code: await child.ended, last, failures }
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
