/**
 * The server under attack, in this process, and everything that must hold whatever is sent to it: it answers, in the form
 * of the wire; it says nothing of its insides; nothing of it breaks; and what it accepts can be read on every wire.
 */
import { homedir, tmpdir } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { JsonObject } from '@bufbuild/protobuf'
import type { Logger } from '../../../src/internal/logger.js'
import type { ServerLimits } from '../../../src/server/limits.js'
import { OpenRequests } from '../../../src/server/open-requests.js'
import type { OneProcessOptions } from '../../../src/worker/one-process.js'
import { send, taskOf } from '../../support/reading.js'
import { startTestServer, type TestServer } from '../../support/servers.js'
import { WIRE_NAMES, WIRES, type Wire, type WireName, wireNamed } from '../../support/wires.js'
import { type HttpAnswer, inTime, isClosed, type Outcome } from './answer.js'
import { judge, Misanswer, type Verdict } from './forms.js'
import { H1Client } from './http1.js'
import { H2Client } from './http2.js'
import { h1Bytes, type Shot } from './shots.js'

export interface Expected {
  /** It must not be accepted. */
  readonly refused?: boolean
  /** It is refused as an invalid argument, whatever the wire calls that. */
  readonly invalid?: boolean
  readonly reason?: string
  /** Named by the error. */
  readonly field?: string
  /** The connection or the stream may be closed instead. */
  readonly closable?: boolean
  /** HTTP itself, or the server before any binding is known, may answer instead. */
  readonly orHttp?: boolean
  /** The wire's own specification asks for an internal error here. */
  readonly internal?: boolean
}

const MIB = 1_048_576

/** A good request may take so long: on Temporal, on a machine that is busy. */
const CALM_MS = 10_000

/** What may be held after a collection, more than at the start: tasks that were accepted, and the tests' own inputs. */
const MAX_HELD_MIB = 192

const INVALID: ReadonlySet<number | string> = new Set([-32602, 400, 'invalid_argument', 3])

/** What tells of our insides. */
const INSIDES =
  /node_modules|file:\/\/|\.(?:ts|js|mjs|cjs)[:)]|\n\s+at |\b(?:TypeError|RangeError|SyntaxError|ReferenceError)\b|\bERR_[A-Z_]+|Cannot read prop|is not a function|undefined is not|\[native code\]/

const PLACES = [process.cwd(), tmpdir(), homedir()].filter((place) => place.length > 1)

export interface TargetOptions {
  /** How much the process may grow, in MiB. Default: without a limit. */
  readonly maxGrowthMib?: number
  /** Of so many tasks that were accepted one is read back over every wire. Default 1: every one. */
  readonly readEvery?: number
  /** What the server is otherwise. Default: tasks in memory. */
  readonly server?: Partial<OneProcessOptions>
}

export class Target {
  readonly server: TestServer
  readonly port: number
  readonly h1: H1Client
  readonly h2: H2Client
  /** Good clients, one for each wire. */
  readonly wires: readonly Wire[]
  /** A task that has completed. */
  taskId = ''
  /** Inputs that were sent. */
  inputs = 0
  /** Of these, messages that were accepted, and so read back. */
  accepted = 0
  private readonly trouble: string[]
  private readonly watch: () => void
  private readonly requests: () => OpenRequests | undefined
  private readonly before: Memory
  private readonly maxGrowthMib: number
  private readonly readEvery: number
  private greetings = 0

  private constructor(
    server: TestServer,
    trouble: string[],
    watch: () => void,
    requests: () => OpenRequests | undefined,
    { maxGrowthMib = Number.POSITIVE_INFINITY, readEvery = 1 }: TargetOptions,
  ) {
    this.server = server
    this.port = server.port
    this.h1 = new H1Client(server.port)
    this.h2 = new H2Client(server.port)
    this.wires = WIRE_NAMES.map((name) => wireNamed(name, server.url))
    this.trouble = trouble
    this.watch = watch
    this.requests = requests
    this.before = settledMemory()
    this.maxGrowthMib = maxGrowthMib
    this.readEvery = readEvery
  }

  static async start(limits: Partial<ServerLimits> = {}, options: TargetOptions = {}): Promise<Target> {
    const trouble: string[] = []
    const { instance, restore } = captureOpenRequests()
    const unwatch = watchProcess(trouble)
    const server = await startTestServer({
      ...(options.server ?? { engine: 'memory' }),
      logger: complaints(trouble),
      limits: { blockingMs: 1_500, ...limits },
    })
    const target = new Target(
      server,
      trouble,
      () => {
        unwatch()
        restore()
      },
      instance,
      options,
    )
    await target.calm()
    return target
  }

  /** Sends it, judges the answer and what is left behind. */
  async shoot(shot: Shot, expected: Expected = {}): Promise<Verdict | undefined> {
    try {
      return await this.judge(shot, await this.fire(shot), expected)
    } catch (error) {
      // What the server complains of belongs to this input and to no later one.
      await delay(5)
      throw new Error([(error as Error).message, ...this.trouble.splice(0)].join('\n'), { cause: error })
    }
  }

  /** @param onAnswer on HTTP/2, after the answer and before the stream is closed from this side */
  async fire(shot: Shot, onAnswer?: () => Promise<void>): Promise<Outcome> {
    this.inputs += 1
    if (shot.version === '1.1') return this.h1.exchange(h1Bytes(shot, this.port), shot.method === 'HEAD')
    const { host, connection: _, 'transfer-encoding': __, ...headers } = shot.headers
    return this.h2.exchange({
      headers: {
        ':method': shot.method,
        ':path': shot.path,
        ...(host === undefined ? {} : { ':authority': host }),
        ...headers,
      },
      body: shot.body,
      onAnswer,
    })
  }

  async judge(
    shot: Pick<Shot, 'form' | 'body' | 'path' | 'rpc' | 'agent'>,
    outcome: Outcome,
    expected: Expected,
  ): Promise<Verdict | undefined> {
    if (isClosed(outcome)) {
      if (expected.closable !== true)
        throw new Error(`no answer, the connection or stream was closed ${outcome.closed}`)
      this.check()
      return undefined
    }
    checkInsides(outcome, shot)
    const verdict = verdictOf(shot, outcome, expected)
    const { ok, code, reason, fields } = verdict
    const refused =
      expected.refused || expected.invalid || expected.reason !== undefined || expected.field !== undefined
    if (ok && refused) throw new Misanswer('accepted what must be refused', outcome)
    if (expected.invalid && !INVALID.has(code)) throw new Misanswer(`${code} ${reason} in place of invalid`, outcome)
    if (expected.reason !== undefined && reason !== expected.reason) {
      throw new Misanswer(`reason ${reason} in place of ${expected.reason}`, outcome)
    }
    if (expected.field !== undefined && !fields.includes(expected.field)) {
      throw new Misanswer(`fields ${fields.join()} do not name ${expected.field}`, outcome)
    }
    for (const result of verdict.results) await this.readBack(result, shot.agent)
    this.check()
    return verdict
  }

  /** What was accepted is the same on every wire. */
  async readBack(result: JsonObject, agent?: string): Promise<void> {
    const task = result.task as { id?: string } | undefined
    if (typeof task?.id !== 'string') return
    this.accepted += 1
    if (this.accepted % this.readEvery === 0) await this.readable(task.id, agent)
  }

  async readable(id: string, agent?: string): Promise<JsonObject> {
    const options = agent === undefined ? {} : { agent }
    const [first, ...others] = await Promise.all(
      this.wires.map(async (wire) => {
        try {
          return { name: wire.name, task: plain(await inTime(wire.call('getTask', { id }, options), 'GetTask')) }
        } catch (error) {
          throw new Error(`accepted, but not readable over ${wire.name}: ${(error as Error).message}`)
        }
      }),
    )
    if (first === undefined) throw new Error('no wires')
    for (const { name, task } of others) {
      // Older versions have no place for some of it: there the task has to be readable, and the same one.
      const same = WIRES[name as WireName].version === '1.0' ? isDeepStrictEqual(task, first.task) : task.id === id
      if (!same) throw new Error(`accepted, but another task over ${name}`)
    }
    return first.task
  }

  /** A good request still works, nothing is left open, and nothing has grown out of bounds. */
  async calm(): Promise<void> {
    this.greetings += 1
    const wire = this.wires[this.greetings % this.wires.length]
    if (wire === undefined) throw new Error('no wires')
    const task = taskOf(
      await inTime(wire.call('sendMessage', send('echo still here')), `a good request over ${wire.name}`, CALM_MS),
    )
    if (task.status?.state !== 'TASK_STATE_COMPLETED')
      throw new Error(`a good request has become ${task.status?.state}`)
    this.taskId = task.id
    await this.idle(2_000)
    this.check()
  }

  /** @throws when requests are still open after this time */
  async idle(ms: number): Promise<void> {
    const end = Date.now() + ms
    while ((this.requests()?.count ?? 0) > 0) {
      if (Date.now() > end) throw new Error(`${this.requests()?.count} requests are still open`)
      await delay(5)
    }
  }

  /** What the process holds more than at the start, in MiB, after a collection. */
  heldMib(): number {
    return settledMemory().heldMib - this.before.heldMib
  }

  checkMemory(): void {
    const { heldMib, rssMib } = settledMemory()
    const held = heldMib - this.before.heldMib
    const growth = rssMib - this.before.rssMib
    if (held > MAX_HELD_MIB) throw new Error(`the process holds ${Math.round(held)} MiB more than before`)
    if (growth > this.maxGrowthMib) throw new Error(`the process has grown by ${Math.round(growth)} MiB`)
  }

  /** @throws what the process or the server's log has complained of since the last look */
  check(): void {
    if (this.trouble.length > 0) throw new Error(`the server is in trouble: ${this.trouble.splice(0).join('\n')}`)
  }

  async stop(): Promise<void> {
    this.h1.close()
    this.h2.close()
    await this.server.stop()
    this.watch()
  }
}

function verdictOf({ form, rpc }: Pick<Shot, 'form' | 'rpc'>, answer: HttpAnswer, expected: Expected): Verdict {
  try {
    return judge(form, answer, { rpc, internal: expected.internal })
  } catch (error) {
    if (expected.orHttp !== true || answer.status < 400) throw error
    return judge('http', answer)
  }
}

/** As JSON has it, where 0 and -0 are one. */
export function plain(json: JsonObject): JsonObject {
  return JSON.parse(JSON.stringify(json)) as JsonObject
}

export function checkInsides(
  { headers, trailers, body }: HttpAnswer,
  { body: sent, path }: Pick<Shot, 'body' | 'path'>,
): void {
  const message = decodeSafely(trailers['grpc-message'] ?? headers['grpc-message'] ?? '')
  const said = `${body.toString('latin1')} ${JSON.stringify(headers)} ${JSON.stringify(trailers)} ${message}`
  const found = INSIDES.exec(said)?.[0] ?? PLACES.find((place) => said.includes(place))
  if (found === undefined || sent?.includes(found, 0, 'latin1') === true || path.includes(found)) return
  throw new Error(`the answer tells of insides (${JSON.stringify(found)}): ${said.slice(0, 600)}`)
}

function decodeSafely(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** The log of a server that has nothing to complain of: an input is never its own fault. */
function complaints(trouble: string[]): Logger {
  const quiet = () => {}
  return {
    debug: quiet,
    info: quiet,
    warn: quiet,
    error: (fields, message) => {
      const { err } = fields as { err?: Error }
      trouble.push(`${message} ${JSON.stringify({ ...fields, err: undefined })} ${err?.stack ?? ''}`)
    },
  }
}

/** Of Node about itself. */
const IDLE_WARNINGS: ReadonlySet<string> = new Set(['ExperimentalWarning', 'DeprecationWarning'])

function watchProcess(trouble: string[]): () => void {
  const rejection = (reason: unknown) => trouble.push(`unhandled rejection: ${(reason as Error)?.stack ?? reason}`)
  const exception = (error: Error) => trouble.push(`uncaught exception: ${error.stack}`)
  const warning = (warning: Error) => {
    if (!IDLE_WARNINGS.has(warning.name)) trouble.push(`warning: ${warning.stack}`)
  }
  process.on('unhandledRejection', rejection)
  process.on('uncaughtException', exception)
  process.on('warning', warning)
  return () => {
    process.off('unhandledRejection', rejection)
    process.off('uncaughtException', exception)
    process.off('warning', warning)
  }
}

/** The server does not show its open requests: the one object that knows them is caught at work, by its first request. */
function captureOpenRequests(): { instance: () => OpenRequests | undefined; restore: () => void } {
  let caught: OpenRequests | undefined
  const original = OpenRequests.prototype.signalFor
  OpenRequests.prototype.signalFor = function (this: OpenRequests, res) {
    caught ??= this
    return original.call(this, res)
  }
  return {
    instance: () => caught,
    restore: () => {
      OpenRequests.prototype.signalFor = original
    },
  }
}

interface Memory {
  readonly heldMib: number
  readonly rssMib: number
}

function settledMemory(): Memory {
  setFlagsFromString('--expose-gc')
  ;(runInNewContext('gc') as () => void)()
  const { heapUsed, external, rss } = process.memoryUsage()
  return { heldMib: (heapUsed + external) / MIB, rssMib: rss / MIB }
}
