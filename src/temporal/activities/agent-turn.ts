/** A turn as a Temporal activity. */
import { Context } from '@temporalio/activity'
import type { AgentDirectory } from '../../agent/agent-definition.js'
import { turnLogger } from '../../agent/turn-logger.js'
import type { Logger } from '../../internal/logger.js'
import type { TurnResult } from '../../task/task-record.js'
import type { TurnInput } from '../../task/turn-input.js'
import { noteBounce } from './bounced-turn.js'
import { cancelTurn } from './cancel-turn.js'
import { TurnAttempt, type TurnAttemptOptions } from './turn-attempt.js'
import { notServed } from './turn-failures.js'

export interface AgentTurnOptions extends TurnAttemptOptions {
  readonly agents: AgentDirectory
  readonly logger: Logger
}

export function createAgentTurn(options: AgentTurnOptions): (input: TurnInput) => Promise<TurnResult> {
  return async (input) => {
    const context = Context.current()
    const log = turnLogger(options.logger, input, context.info.attempt)
    const agent = options.agents.get(input.agentId)
    if (agent === undefined) {
      await noteBounce(context, input, { ...options, log })
      throw notServed(input.agentId)
    }
    if (input.resumed?.by === 'canceled') return cancelTurn(input.resumed, { ...options, context, log })
    return new TurnAttempt(options, agent, input, context, log).run()
  }
}
