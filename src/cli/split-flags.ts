/** The flags of processes that share their work with others. */
import type { Option } from 'commander'
import { flag } from './flags.js'

export interface SplitFlags {
  readonly taskQueue?: string
}

export function splitFlags(): Option[] {
  return [flag('--task-queue <name>', 'where gateways leave the work and workers take it from', 'TASK_QUEUE')]
}
