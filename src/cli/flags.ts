/** The flags that several commands have: one definition each. A flag goes before its variable, the variable before the default. */
import { type Command, Option } from 'commander'
import { CARD_MODES, type CardMode } from '../card/card-mode.js'
import type { CardKey } from '../card/sign-card.js'
import type { LogLevel } from '../observe/logger.js'
import type { TemporalPartsOptions } from '../process/temporal-parts.js'
import type { WebhookSettings } from '../push/webhook-settings.js'
import { DEFAULT_DB, DEFAULT_PORT } from '../serve.js'
import { DEFAULT_HOST, grpcUrlProblem, hostProblem, originProblem, publicUrlProblem } from '../server/addresses.js'
import type { ServerOptions } from '../server/create-server.js'
import { DEFAULT_TASK_QUEUE } from '../temporal/names.js'
import { given } from './given.js'
import { checked, list, port, wholeNumber } from './parsers.js'

/** A flag with its variable `TEMPORAL_A2A_<env>`. */
export function flag(flags: string, text: string, env: string): Option {
  return new Option(flags, text).env(`TEMPORAL_A2A_${env}`)
}

const ON = ['1', 'true', 'yes', 'on']
const OFF = ['0', 'false', 'no', 'off']

/**
 * Reads the variables of flags that take no value. Commander takes any such variable as "on", whatever it says.
 *
 * @param command whose options have been parsed
 */
export function readSwitches(command: Command, env: NodeJS.ProcessEnv): void {
  for (const option of command.options) {
    const { envVar } = option
    const name = option.attributeName()
    if (envVar === undefined || !option.isBoolean() || command.getOptionValueSource(name) !== 'env') continue
    const text = env[envVar]?.trim().toLowerCase() ?? ''
    if (!ON.includes(text) && !OFF.includes(text)) {
      command.error(`error: ${envVar} must be one of ${[...ON, ...OFF].join(', ')}`, { exitCode: 1 })
    }
    command.setOptionValueWithSource(name, ON.includes(text), 'env')
  }
}

/** What every server process has. */
export interface ProcessFlags {
  readonly logLevel: LogLevel
  readonly json?: boolean
}

export function processFlags(): Option[] {
  return [
    flag('--log-level <level>', 'what is logged to stderr', 'LOG_LEVEL')
      .choices(['debug', 'info', 'warn', 'error', 'silent'])
      .default('warn'),
    flag('--json', 'print one JSON document in place of the banner', 'JSON'),
  ]
}

/** Where tasks are kept. */
export interface TemporalFlags {
  readonly temporalAddress?: string
  readonly namespace?: string
  readonly db: string
}

export function temporalFlags(): Option[] {
  return [
    flag('--temporal-address <host:port>', 'a Temporal server that is running already', 'TEMPORAL_ADDRESS'),
    flag('--namespace <name>', 'Temporal namespace; without, that of its own settings, else "default"', 'NAMESPACE'),
    databaseFlag(),
  ]
}

export function temporalOptions({ temporalAddress, namespace, db }: TemporalFlags): TemporalOptions {
  return given<TemporalOptions>({ temporalAddress, namespace, db })
}

type TemporalOptions = Pick<TemporalPartsOptions, 'temporalAddress' | 'namespace' | 'db'>

/** @param text what the process does there */
export function taskQueueFlag(text: string): Option {
  return flag('--task-queue <name>', text, 'TASK_QUEUE').default(DEFAULT_TASK_QUEUE)
}

export function tenantFlag(): Option {
  return new Option('--tenant <name>', 'security tenant of the task').default('')
}

export function keepTasksFlag(): Option {
  return flag(
    '--keep-tasks-days <days>',
    'remove tasks that ended longer ago, from the database and from Temporal; without, they are kept for ever',
    'KEEP_TASKS_DAYS',
  ).argParser(wholeNumber(1))
}

export function databaseFlag(): Option {
  return flag('--db <path or url>', 'database of tasks: an SQLite file, or postgres://…', 'DB').default(DEFAULT_DB)
}

/** Where webhooks may lead: for what takes their addresses, and for what calls them. */
export interface WebhookFlags {
  readonly webhookAllow?: readonly string[]
}

export function webhookAllowFlag(): Option {
  return flag(
    '--webhook-allow <address>',
    'private address or range that webhooks may reach (repeatable; commas in the variable); none by default',
    'WEBHOOK_ALLOW',
  ).argParser(list())
}

export function webhookSettings({ webhookAllow: allow }: WebhookFlags): Pick<WebhookSettings, 'allow'> {
  return given<Pick<WebhookSettings, 'allow'>>({ allow })
}

export function secretFlag(): Option {
  return flag('--secret-file <path>', 'file with the base64 of the secret that the installation shares', 'SECRET_FILE')
}

/** How a process that answers requests is reached. */
export interface ListenFlags {
  readonly port: number
  readonly host: string
  readonly publicUrl?: string
  readonly publicGrpcUrl?: string
  readonly allowedHosts?: readonly string[]
  readonly cors?: readonly string[]
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly strictVersion?: boolean
  readonly card: CardMode
  readonly cardKey?: readonly string[]
}

export function listenFlags(): Option[] {
  return [
    flag('--port <number>', 'port to listen on, 0 for any', 'PORT').argParser(port).default(DEFAULT_PORT),
    flag('--host <address>', 'address to listen on', 'HOST').default(DEFAULT_HOST),
    flag('--public-url <url>', 'how clients reach the server', 'PUBLIC_URL').argParser(checked(publicUrlProblem)),
    flag(
      '--public-grpc-url <host:port>',
      'how gRPC clients reach the server, where it is elsewhere',
      'PUBLIC_GRPC_URL',
    ).argParser(checked(grpcUrlProblem)),
    flag('--allowed-hosts <name...>', 'host names that requests may be addressed to', 'ALLOWED_HOSTS').argParser(
      list(hostProblem),
    ),
    flag('--cors <origin...>', 'origins whose pages may call; * for all', 'CORS').argParser(list(originProblem)),
    flag('--tls-cert <path>', 'PEM file; speaks TLS together with --tls-key', 'TLS_CERT'),
    flag('--tls-key <path>', 'PEM file', 'TLS_KEY'),
    flag('--strict-version', 'refuse requests that speak A2A 1.0 without naming it', 'STRICT_VERSION'),
    flag('--card <form>', 'form of the agent cards: of A2A 1.0, of 0.3, or both in one document', 'CARD')
      .choices(CARD_MODES)
      .default('v1'),
    flag('--card-key <path...>', 'file with a private key (JWK) that signs the agent cards', 'CARD_KEY').argParser(
      list(),
    ),
  ]
}

type ListenOptions = Pick<
  ServerOptions,
  | 'port'
  | 'host'
  | 'publicUrl'
  | 'publicGrpcUrl'
  | 'allowedHosts'
  | 'corsOrigins'
  | 'strictVersion'
  | 'card'
  | 'tls'
  | 'cardKeys'
>

/** @throws Error files that cannot be read or used, or half of what TLS needs; the text never holds what is in a file */
export async function listenOptions(flags: ListenFlags): Promise<ListenOptions> {
  const { port, host, publicUrl, publicGrpcUrl, allowedHosts, cors: corsOrigins, strictVersion, card } = flags
  const [tls, cardKeys] = [await readTls(flags), await readCardKeys(flags)]
  return given<ListenOptions>({
    port,
    host,
    publicUrl,
    publicGrpcUrl,
    allowedHosts,
    corsOrigins,
    strictVersion,
    card,
    tls,
    cardKeys,
  })
}

async function readTls({ tlsCert, tlsKey }: ListenFlags): Promise<ListenOptions['tls'] | undefined> {
  if (tlsCert === undefined && tlsKey === undefined) return undefined
  if (tlsCert === undefined || tlsKey === undefined) throw new Error('--tls-cert and --tls-key go together')
  const [{ readFile }, { createSecureContext }] = await Promise.all([import('node:fs/promises'), import('node:tls')])
  const [cert, key] = [await readOf(readFile, '--tls-cert', tlsCert), await readOf(readFile, '--tls-key', tlsKey)]
  try {
    createSecureContext({ cert, key })
  } catch (cause) {
    throw new Error(`--tls-cert ${tlsCert} and --tls-key ${tlsKey} are no certificate in PEM with its key`, { cause })
  }
  return { cert, key }
}

async function readOf(read: (path: string) => Promise<Buffer>, name: string, path: string): Promise<Buffer> {
  try {
    return await read(path)
  } catch (cause) {
    throw new Error(`${name} ${path} cannot be read`, { cause })
  }
}

async function readCardKeys({ cardKey = [] }: ListenFlags): Promise<CardKey[]> {
  const { readFile } = await import('node:fs/promises')
  return Promise.all(
    cardKey.map(async (path) => {
      try {
        return JSON.parse(await readFile(path, 'utf8')) as CardKey
      } catch (cause) {
        throw new Error(`--card-key ${path} is no file with a key in JSON`, { cause })
      }
    }),
  )
}
