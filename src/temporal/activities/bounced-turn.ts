/** A turn that came to a worker which does not have its agent: it goes back, and waits for one that has. */
import type { Context } from '@temporalio/activity'
import type { Logger } from '../../internal/logger.js'
import type { TurnInput } from '../../task/turn-input.js'
import type { Checkpoint } from '../../task/turn-outcome.js'
import { toPayloads } from '../payloads.js'
import type { HeartbeatService } from './checkpoint-writer.js'

export interface BouncedTurnOptions {
  readonly service: HeartbeatService
  readonly namespace: string
  readonly identity: string
  readonly log: Logger
}

/**
 * Writes down that this attempt was none, with what the one before has left. Without it the attempt would be taken for one
 * whose worker was lost, and too many of those end the turn.
 */
export async function noteBounce(
  { info }: Pick<Context, 'info'>,
  input: TurnInput,
  { service, namespace, identity, log }: BouncedTurnOptions,
): Promise<void> {
  // Within a workflow task nothing is written down, and attempts are not counted.
  if (info.isLocal) return
  const { sign: _, ...last } = (info.heartbeatDetails as Checkpoint | undefined) ?? nothingYet(input, info.attempt)
  const checkpoint: Checkpoint = { ...last, bounces: (last.bounces ?? 0) + 1 }
  await service
    .recordActivityTaskHeartbeat({ namespace, taskToken: info.taskToken, identity, details: toPayloads(checkpoint) })
    .catch((error: unknown) => log.warn({ err: error }, 'checkpoint could not be written'))
}

function nothingYet({ turn }: TurnInput, attempt: number): Checkpoint {
  return { format: 1, turn, attempt, seq: 0, artifacts: [], shown: [], decided: false, failures: 0, handovers: 0 }
}
