/** What an agent has in place of its state and its durable calls whose turns are not written down while they run. */
import type { AgentContext } from './agent-context.js'
import type { AgentDefinition } from './agent-definition.js'
import type { State } from './agent-state.js'
import type { Calls } from './durable-calls.js'
import { illegal } from './handler-results.js'

const refused = new WeakMap<AgentDefinition, Calls & Pick<AgentContext, 'state'>>()

export function refusedCalls(agent: AgentDefinition): Calls & Pick<AgentContext, 'state'> {
  let calls = refused.get(agent)
  if (calls === undefined) {
    const { id, run } = agent
    const refuse = (name: string) => async (): Promise<never> => {
      throw illegal(id, `called ctx.${name}, but it declares run: '${run}'; only run: 'durable' has it`)
    }
    const state = (scope: string): State => ({
      get: refuse(`${scope}.get`),
      set: refuse(`${scope}.set`),
      update: refuse(`${scope}.update`),
      delete: refuse(`${scope}.delete`),
      clear: refuse(`${scope}.clear`),
      has: refuse(`${scope}.has`),
    })
    calls = {
      step: refuse('step'),
      ask: refuse('ask'),
      approve: refuse('approve'),
      sleep: refuse('sleep'),
      call: refuse('call'),
      state: { ...state('state'), caller: state('state.caller'), agent: state('state.agent') },
    }
    refused.set(agent, calls)
  }
  return calls
}
