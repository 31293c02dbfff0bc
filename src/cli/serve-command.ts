/** `temporal-a2a serve FILE`: gateway, worker and, when none is there, a Temporal server, in one process. */
import { Command, InvalidArgumentError, Option } from 'commander'
import { createLogger, type LogLevel } from '../observe/logger.js'
import { DEFAULT_DB, DEFAULT_PORT, type Served, serve } from '../serve.js'
import { loadAgents } from './load-agents.js'
import { ProgressLine } from './progress-line.js'
import { untilSignal } from './until-signal.js'

interface ServeFlags {
  readonly port: number
  readonly host: string
  readonly engine: 'temporal' | 'memory'
  readonly temporalAddress?: string
  readonly namespace?: string
  readonly db: string
  readonly publicUrl?: string
  readonly cors?: readonly string[]
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly strictVersion?: boolean
  readonly logLevel: LogLevel
  readonly json?: boolean
}

export function serveCommand(): Command {
  const flag = (flags: string, text: string, env: string) => new Option(flags, text).env(`TEMPORAL_A2A_${env}`)
  return new Command('serve')
    .description('Serve the agents that a module exports. Tasks survive everything but the loss of the database file.')
    .argument('<file>', 'a JavaScript or TypeScript module that exports agents')
    .addOption(flag('--port <number>', 'port to listen on, 0 for any', 'PORT').argParser(port).default(DEFAULT_PORT))
    .addOption(flag('--host <address>', 'address to listen on', 'HOST').default('127.0.0.1'))
    .addOption(
      flag('--engine <engine>', 'what executes tasks; memory keeps them in this process only', 'ENGINE')
        .choices(['temporal', 'memory'])
        .default('temporal'),
    )
    .addOption(flag('--temporal-address <host:port>', 'a Temporal server that is running already', 'TEMPORAL_ADDRESS'))
    .addOption(flag('--namespace <name>', 'Temporal namespace', 'NAMESPACE'))
    .addOption(flag('--db <path>', 'database of tasks; the Temporal database lies beside it', 'DB').default(DEFAULT_DB))
    .addOption(flag('--public-url <url>', 'how clients reach the server', 'PUBLIC_URL'))
    .addOption(flag('--cors <origin...>', 'origins whose pages may call; * for all', 'CORS'))
    .addOption(flag('--tls-cert <path>', 'PEM file; speaks TLS together with --tls-key', 'TLS_CERT'))
    .addOption(flag('--tls-key <path>', 'PEM file', 'TLS_KEY'))
    .addOption(flag('--strict-version', 'refuse requests that name no A2A version', 'STRICT_VERSION'))
    .addOption(
      flag('--log-level <level>', 'what is logged to stderr', 'LOG_LEVEL')
        .choices(['debug', 'info', 'warn', 'error', 'silent'])
        .default('warn'),
    )
    .addOption(flag('--json', 'print one JSON document in place of the banner', 'JSON'))
    .addHelpText('after', '\nExample:\n  temporal-a2a serve agents.ts --port 4242')
    .action(run)
}

async function run(file: string, flags: ServeFlags, command: Command): Promise<void> {
  const progress = new ProgressLine(process.stderr)
  const start = new AbortController()
  const signal = untilSignal(() => start.abort(new Error('interrupted')))
  let served: Served
  try {
    const agents = await loadAgents(file)
    served = await serve({
      ...flags,
      agents,
      tls: await readTls(flags),
      corsOrigins: flags.cors ?? [],
      logger: createLogger(flags.logLevel),
      onProgress: (step) => progress.show(step),
      signal: start.signal,
    } as Parameters<typeof serve>[0])
    progress.end()
    const out = flags.json ? bannerJson(served, agents) : banner(served, agents, flags)
    process.stdout.write(`${out}\n`)
  } catch (error) {
    progress.end()
    if (start.signal.aborted) process.exit(130)
    command.error(error instanceof Error ? error.message : String(error), { exitCode: 1 })
  }
  await signal
  await served.stop()
}

function port(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0 || value > 65_535) throw new InvalidArgumentError('must be 0 to 65535')
  return value
}

async function readTls({ tlsCert, tlsKey }: ServeFlags) {
  if (tlsCert === undefined && tlsKey === undefined) return undefined
  if (tlsCert === undefined || tlsKey === undefined) throw new Error('--tls-cert and --tls-key go together')
  const { readFile } = await import('node:fs/promises')
  return { cert: await readFile(tlsCert), key: await readFile(tlsKey) }
}

interface Named {
  readonly id: string
  readonly run: string
}

function bannerJson(served: Served, agents: readonly Named[]): string {
  const { url, port: at, temporal } = served
  return JSON.stringify({ url, port: at, temporal: temporal ?? null, agents: agents.map(({ id }) => cardUrl(url, id)) })
}

function banner({ url, temporal }: Served, agents: readonly Named[], { db }: ServeFlags): string {
  const engine =
    temporal === undefined
      ? 'memory: NOT durable, tasks are gone when this process ends'
      : `Temporal at ${temporal.address}, namespace ${temporal.namespace} (${temporal.source})`
  return [
    ...agents.map(({ id }) => `agent   ${cardUrl(url, id)}`),
    `engine  ${engine}`,
    ...(temporal === undefined ? [] : [`tasks   ${db}`]),
    `try     ${tryLine(url)}`,
  ].join('\n')
}

function cardUrl(url: string, id: string): string {
  return `${url}/agents/${id}/.well-known/agent-card.json`
}

/** Works when pasted: the answer streams in. */
function tryLine(url: string): string {
  const message = '{"message":{"messageId":"m1","role":"ROLE_USER","parts":[{"text":"Hello"}]}}'
  return `curl -N ${url}/message:stream -H 'Content-Type: application/json' -d '${message}'`
}
