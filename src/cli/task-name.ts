/** How commands name a task: `AGENT/TASK-ID`, as the URL of the card and the id that callers see. */
import { InvalidArgumentError } from 'commander'

export interface TaskName {
  readonly agentId: string
  readonly taskId: string
}

export function taskName(text: string): TaskName {
  const [agentId, taskId, more] = text.split('/')
  if (!agentId || !taskId || more !== undefined) throw new InvalidArgumentError('must be AGENT/TASK-ID')
  return { agentId, taskId }
}
