/** The activity of a turn with a Temporal that is nothing but its retries: one attempt after the other, none waits. */
import { asyncLocalStorage, type Context } from '@temporalio/activity'
import { ApplicationFailure } from '@temporalio/common'
import type { AgentCalls } from '../../src/agent/agent-calls.js'
import { type AgentDefinition, agentDirectory } from '../../src/agent/agent-definition.js'
import { InProcessBus } from '../../src/bus/in-process-bus.js'
import { HoldQueue } from '../../src/engine/hold-queue.js'
import { MemoryState } from '../../src/engine/memory/memory-state.js'
import { systemClock } from '../../src/internal/clock.js'
import { silentLogger } from '../../src/internal/logger.js'
import type { LargeValueStore } from '../../src/task/large-values.js'
import type { TurnResult } from '../../src/task/task-record.js'
import type { Checkpoint } from '../../src/task/turn-outcome.js'
import { type AgentTurnOptions, createAgentTurn } from '../../src/temporal/activities/agent-turn.js'
import { firstValue } from '../../src/temporal/payloads.js'

/** A worker as far as a turn sees it. */
export interface AttemptWorker {
  readonly agents: readonly AgentDefinition[]
  readonly shutdown?: AbortSignal
  readonly graceMs?: number
  readonly largeValues?: LargeValueStore
}

export interface Attempts {
  /** What was written down last. */
  readonly checkpoint: Checkpoint | undefined
  /** The states that readers were shown. */
  readonly shown: readonly (string | undefined)[]
  /**
   * The next attempt, at this worker.
   *
   * @returns its result, or the failure with which the turn goes back
   */
  at(worker: AttemptWorker): Promise<TurnResult | ApplicationFailure>
  /** The next attempt is lost with its worker. */
  lose(): void
}

const NO_VALUES: LargeValueStore = { takeOut: async (_, value) => value, putBack: async (value) => value }

export function attemptsAt(agentId: string, text: string): Attempts {
  const message = { messageId: 'm', role: 'ROLE_USER' as const, parts: [{ text }] }
  const task = { id: 'task', contextId: 'context', history: [message] }
  const ref = { tenant: '', agentId, taskId: 'task' }
  const input = { ...ref, owner: 'local', turn: 1, revision: 2, task, message, params: {}, place: 0 }
  const shown: (string | undefined)[] = []
  let attempt = 0
  let checkpoint: Checkpoint | undefined
  const service = {
    async recordActivityTaskHeartbeat({
      details,
    }: Parameters<AgentTurnOptions['service']['recordActivityTaskHeartbeat']>[0]) {
      checkpoint = firstValue<Checkpoint>(details)
      return {} as never
    },
    describeWorkflowExecution: async () => ({}) as never,
  }
  return {
    shown,
    get checkpoint() {
      return checkpoint
    },
    async at({ agents, shutdown = new AbortController().signal, graceMs = 1_000, largeValues = NO_VALUES }) {
      attempt += 1
      const bus = new InProcessBus()
      const publish = bus.publish.bind(bus)
      bus.publish = (event) => {
        if (event.event.statusUpdate !== undefined) shown.push(event.event.statusUpdate?.status?.state)
        publish(event)
      }
      const run = createAgentTurn({
        agents: agentDirectory(agents),
        logger: silentLogger,
        bus,
        service,
        namespace: 'default',
        identity: 'test',
        shutdown,
        checkpointMs: 60_000,
        graceMs,
        suspendAfterMs: 30_000,
        agentCalls: {} as AgentCalls,
        state: new MemoryState(systemClock),
        holds: new HoldQueue(),
        largeValues,
        onBegin: () => {},
        onStanding: () => {},
      })
      const now = Date.now()
      const info = {
        attempt,
        isLocal: false,
        taskToken: new Uint8Array(),
        heartbeatDetails: checkpoint,
        heartbeatTimeoutMs: 6_000,
        scheduledTimestampMs: now,
        currentAttemptScheduledTimestampMs: now,
        workflowExecution: { workflowId: 'task', runId: '' },
      }
      const context = { info, cancellationSignal: new AbortController().signal, heartbeat: () => {} }
      try {
        return await asyncLocalStorage.run(context as unknown as Context, () => run(input))
      } catch (error) {
        if (error instanceof ApplicationFailure) return error
        throw error
      }
    },
    lose() {
      attempt += 1
    },
  }
}
