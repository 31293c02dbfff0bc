/** Starts a server process, says where it is, and stops it in order at a signal. What `serve`, `gateway`, `worker` share. */
import type { Command } from 'commander'
import { type AgentDefinition, agentDirectory, defaultAgent } from '../agent/agent-definition.js'
import type { Logger } from '../internal/logger.js'
import { createLogger } from '../observe/logger.js'
import type { TemporalPlace } from '../process/temporal-place.js'
import type { TemporalProgress } from '../temporal/embedded/index.js'
import { fail } from './fail.js'
import type { ProcessFlags } from './flags.js'
import { ProgressLine } from './progress-line.js'
import { untilSignal } from './until-signal.js'

/** What is handed to whatever is started. */
export interface StartContext {
  readonly logger: Logger
  onProgress(progress: TemporalProgress): void
  /** Aborts when the operator interrupts the start. */
  readonly signal: AbortSignal
}

/** What a started process says: lines for people, or one JSON document. */
export interface Started {
  readonly banner: readonly string[]
  readonly json: object
  stop(): Promise<void>
}

export async function runProcess(
  command: Command,
  flags: ProcessFlags,
  start: (context: StartContext) => Promise<Started>,
): Promise<void> {
  const progress = new ProgressLine(process.stderr)
  const interrupt = new AbortController()
  const signal = untilSignal(() => interrupt.abort(new Error('interrupted')))
  let started: Started
  try {
    started = await start({
      logger: createLogger(flags.logLevel),
      onProgress: (step) => progress.show(step),
      signal: interrupt.signal,
    })
    progress.end()
    process.stdout.write(`${flags.json ? JSON.stringify(started.json) : started.banner.join('\n')}\n`)
  } catch (error) {
    progress.end()
    if (interrupt.signal.aborted) process.exit(130)
    fail(command, error)
  }
  await signal
  await started.stop()
  // A timer or a connection that the agents' own file has left open would hold the process for ever.
  process.exit()
}

export function engineLine(temporal: TemporalPlace): string {
  return `engine  Temporal at ${temporal.address}, namespace ${temporal.namespace} (${temporal.source})`
}

/** Where the cards are; of several agents one also answers at the root. */
export function agentLines(url: string, agents: readonly AgentDefinition[]): string[] {
  const root = defaultAgent(agentDirectory(agents))
  const also = (agent: AgentDefinition) => (agents.length > 1 && agent.id === root.id ? ', also at the root' : '')
  return agents.map((agent) => `agent   ${cardUrl(url, agent.id)}${also(agent)}`)
}

export function cardUrl(url: string, id: string): string {
  return `${url}/agents/${id}/.well-known/agent-card.json`
}

/** Works when pasted: the answer streams in. */
export function tryLine(url: string): string {
  const message = '{"message":{"messageId":"m1","role":"ROLE_USER","parts":[{"text":"Hello"}]}}'
  return `try     curl -N ${url}/message:stream -H 'Content-Type: application/json' -d '${message}'`
}
