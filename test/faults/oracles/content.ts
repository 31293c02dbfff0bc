/** What was said is what was meant, once. */
import type { SeenStream } from '../history/by-task.js'
import { isTerminal, stateShown } from '../history/history.js'
import { pictureOf, pictureOfTask, textOf } from '../history/picture.js'
import { perTask } from './violation.js'

export const pictureEqualsTask = perTask(
  'picture-equals-task',
  'The artifacts that a client has built when it has seen the end are those of the task.',
  ({ clients, final }) => {
    if (final?.task === undefined || !isTerminal(final.task.status?.state)) return []
    const task = pictureOfTask(final.task.artifacts)
    const found: string[] = []
    for (const [client, streams] of clients) {
      if (!sawEnd(streams)) continue
      const seen = pictureOf(streams.flatMap(({ frames }) => frames.map(({ event }) => event)))
      for (const id of new Set([...task.keys(), ...seen.keys()])) {
        if (task.get(id) === seen.get(id)) continue
        found.push(`${client} has ${quote(seen.get(id))} for artifact ${id}, the task has ${quote(task.get(id))}`)
      }
    }
    return found
  },
)

export const saysWhatWasMeant = perTask(
  'says-what-was-meant',
  'A task ends as it was meant to, with the text that its agent gives when nothing breaks.',
  ({ plan, final }) => {
    if (plan === undefined || final?.task === undefined) return []
    const state = final.task.status?.state ?? ''
    if (!plan.ends.includes(state)) return [`is ${state}, not ${plan.ends.join(' or ')}`]
    if (plan.golden === undefined || state !== plan.ends[0]) return []
    const said = textOf(pictureOfTask(final.task.artifacts))
    return said === plan.golden ? [] : [`says ${quote(said)}, not ${quote(plan.golden)}`]
  },
)

export const finishedStepsRunOnce = perTask(
  'finished-steps-run-once',
  'A step whose result was handed to the next line never runs again.',
  ({ effects }) => {
    const finished = new Set<string>()
    const found: string[] = []
    for (const { what, name, turn, attempt } of [...effects].sort((a, b) => a.at - b.at)) {
      if (what === 'step' && finished.has(name))
        found.push(`step ${name} ran again in turn ${turn}, attempt ${attempt}`)
      if (what === 'stepped') finished.add(name)
    }
    return found
  },
)

export const callsBeginOneTask = perTask(
  'calls-begin-one-task',
  'A call of another agent is one task there, however often its caller is tried again.',
  ({ effects }) => {
    const tasks = new Set(effects.flatMap(({ what, name }) => (what === 'called' ? [name] : [])))
    return tasks.size > 1 ? [`has called ${tasks.size} tasks into being with one call`] : []
  },
)

export const recoversInTime = perTask(
  'recovers-in-time',
  'What was broken is whole again within its bound.',
  ({ timed }) =>
    timed
      .filter(({ ms, boundMs }) => ms > boundMs)
      .map(({ what, ms, boundMs }) => `${what} took ${ms} ms, the bound is ${boundMs} ms`),
)

function sawEnd(streams: readonly SeenStream[]): boolean {
  return streams.some(({ frames }) => frames.some(({ event }) => isTerminal(stateShown(event))))
}

function quote(text: string | undefined): string {
  if (text === undefined) return 'nothing'
  return text.length <= 200 ? JSON.stringify(text) : `${JSON.stringify(text.slice(0, 200))} (${text.length} characters)`
}
