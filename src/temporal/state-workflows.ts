/** State that is kept by Temporal: a workflow for every scope, begun by the first change. */
import { createHash } from 'node:crypto'
import {
  type Client,
  WithStartWorkflowOperation,
  type WorkflowHandle,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'
import type { ChangeAnswer, StateHome } from '../task/state-home.js'
import { STATE_LIMITS, type StateChange, type StateRef, type StateSnapshot } from '../task/state-record.js'
import { callTemporal, type Reachability } from './deadline.js'
import { STATE_QUERY, STATE_REFUSED, STATE_UPDATE, STATE_WORKFLOW_TYPE } from './names.js'
import type { StateWorkflowInput } from './workflow/state-input.js'

export interface StateWorkflowsOptions {
  readonly client: Client
  readonly reachability: Reachability
  readonly taskQueue: string
}

/** Characters of names that Temporal's own UI shows. */
const SHOWN = 120

export class StateWorkflows implements StateHome {
  private readonly options: StateWorkflowsOptions
  /** The last call of this process to a workflow: Temporal takes few at once, and in order is faster than refused. */
  private readonly last = new Map<string, Promise<unknown>>()

  constructor(options: StateWorkflowsOptions) {
    this.options = options
  }

  read(ref: StateRef): Promise<StateSnapshot> {
    const id = stateWorkflowId(ref)
    return this.inOrder(id, async () => {
      try {
        return await this.call('reading state', false, () => this.handle(id).query<StateSnapshot>(STATE_QUERY))
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return { version: 0, values: {} }
        throw error
      }
    })
  }

  change(ref: StateRef, change: StateChange): Promise<ChangeAnswer> {
    const id = stateWorkflowId(ref)
    return this.inOrder(id, async () => {
      try {
        return await this.update(id, ref, change)
      } catch (error) {
        const cause = error instanceof WorkflowUpdateFailedError ? error.cause : undefined
        if (cause instanceof ApplicationFailure && cause.type === STATE_REFUSED) {
          return (cause.details?.[0] ?? 'refused') as ChangeAnswer
        }
        throw error
      }
    })
  }

  private async update(id: string, ref: StateRef, change: StateChange): Promise<ChangeAnswer> {
    const options = { args: [change] as [StateChange], updateId: updateId(change) }
    const start = () => this.call('changing state', true, () => this.start(id, ref, options))
    // Nothing was there when it was read.
    if (change.type !== 'release' && change.version === 0) return start()
    try {
      return await this.call('changing state', true, () =>
        this.handle(id).executeUpdate<ChangeAnswer, [StateChange]>(STATE_UPDATE, options),
      )
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error
      // It was forgotten since it was read.
      if (change.type === 'release') return 'done'
      return change.version === undefined ? start() : 'conflict'
    }
  }

  private start(
    id: string,
    ref: StateRef,
    options: { readonly args: [StateChange]; readonly updateId: string },
  ): Promise<ChangeAnswer> {
    const { client, taskQueue } = this.options
    const keptMs = STATE_LIMITS.keptMs[ref.scope]
    const args: [StateWorkflowInput] = [keptMs === undefined ? {} : { keptMs }]
    return client.workflow.executeUpdateWithStart<
      (input: StateWorkflowInput) => Promise<void>,
      ChangeAnswer,
      [StateChange]
    >(STATE_UPDATE, {
      ...options,
      startWorkflowOperation: new WithStartWorkflowOperation(STATE_WORKFLOW_TYPE, {
        workflowId: id,
        taskQueue,
        args,
        workflowIdConflictPolicy: 'USE_EXISTING',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        staticSummary: summary(ref),
      }),
    })
  }

  private handle(id: string): WorkflowHandle {
    return this.options.client.workflow.getHandle(id)
  }

  private call<T>(what: string, lasting: boolean, call: () => Promise<T>): Promise<T> {
    return callTemporal(this.options.reachability, what, lasting, call)
  }

  private inOrder<T>(id: string, work: () => Promise<T>): Promise<T> {
    const before = this.last.get(id) ?? Promise.resolve()
    const done = before.then(work)
    const settled = done.then(
      () => {},
      () => {},
    )
    this.last.set(id, settled)
    void settled.then(() => {
      if (this.last.get(id) === settled) this.last.delete(id)
    })
    return done
  }
}

/** Owner and context are whatever callers say, so they are hashed: no two scopes share an id, whatever is in them. */
export function stateWorkflowId({ tenant, agentId, scope, owner, contextId }: StateRef): string {
  const path = `a2a-state/${encodeURIComponent(tenant)}/${agentId}/${scope}`
  if (scope === 'agent') return path
  const hash = createHash('sha256')
    .update(JSON.stringify([owner, contextId]))
    .digest('base64url')
  return `${path}/${hash}`
}

/** The same for every try at one change. A hold is asked for again and again. */
function updateId(change: StateChange): string {
  if (change.type !== 'commit') return globalThis.crypto.randomUUID()
  return `${change.turn}/${change.version ?? 'any'}`
}

function summary({ agentId, scope, owner, contextId }: StateRef): string {
  const names = { agent: '', caller: ` ${owner}`, context: ` ${contextId} of ${owner}` }
  return `${agentId}: state of ${scope}${names[scope]}`.slice(0, SHOWN)
}
