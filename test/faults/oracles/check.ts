/** All oracles over one history. Pure. */
import { byTask } from '../history/by-task.js'
import type { History } from '../history/history.js'
import {
  callsBeginOneTask,
  finishedStepsRunOnce,
  pictureEqualsTask,
  recoversInTime,
  saysWhatWasMeant,
} from './content.js'
import { cancelIsTrue, oneEnd, shownIsDurable, statesMoveForward } from './ends.js'
import { acceptedIsKept, errorsAreHonest, inputsHandledOnce, keyNamesOneTask } from './kept.js'
import { noGapNoRepeat, samePlaceSameEvent } from './order.js'
import type { Oracle, Violation } from './violation.js'

export const ORACLES: readonly Oracle[] = [
  acceptedIsKept,
  keyNamesOneTask,
  inputsHandledOnce,
  errorsAreHonest,
  oneEnd,
  shownIsDurable,
  statesMoveForward,
  cancelIsTrue,
  noGapNoRepeat,
  samePlaceSameEvent,
  pictureEqualsTask,
  saysWhatWasMeant,
  finishedStepsRunOnce,
  callsBeginOneTask,
  recoversInTime,
]

export function check(history: History): Violation[] {
  const tasks = byTask(history)
  return ORACLES.flatMap(({ name, find }) => find(tasks).map((found) => ({ oracle: name, ...found })))
}

/** Violations as lines for people, the same kind together. */
export function report(violations: readonly Violation[], max = 20): string {
  const lines = violations.slice(0, max).map(({ oracle, label, what }) => `${oracle}: ${label} ${what}`)
  if (violations.length > max) lines.push(`and ${violations.length - max} more`)
  return lines.join('\n')
}
