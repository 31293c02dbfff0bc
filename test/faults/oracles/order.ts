/** What readers see of the order of events, over all their connections. */
import type { SeenStream } from '../history/by-task.js'
import { comparePlaces, type Place, stateShown } from '../history/history.js'
import { type Found, type Oracle, perTask } from './violation.js'

export const noGapNoRepeat = perTask(
  'no-gap-no-repeat',
  'Within what one client sees, places follow each other; only a Task may move forward, and nothing comes twice.',
  ({ clients }) => [...clients].flatMap(([client, streams]) => judge(streams).map((what) => `${client} ${what}`)),
)

function judge(streams: readonly SeenStream[]): string[] {
  const found: string[] = []
  let state: string | undefined
  for (const { opened, frames } of streams) {
    // A connection that was resumed goes on where it was asked to; any other begins with a Task.
    let last: Place | undefined = opened.resumeAt
    for (const { place, event } of frames) {
      if (event.message !== undefined) continue
      if (place === undefined) {
        found.push('saw an event without a place')
        continue
      }
      if (event.task !== undefined) {
        // Without a cursor the server cannot know what this client has seen: its first Task may be older.
        if (last !== undefined && comparePlaces(place, last) < 0) found.push(wentBack(last, place))
      } else if (last === undefined) {
        found.push(`saw ${text(place)} before any Task`)
      } else if (comparePlaces(place, last) <= 0) {
        found.push(wentBack(last, place))
      } else if (!follows(last, place, state === 'TASK_STATE_WORKING')) {
        found.push(`missed what lies between ${text(last)} and ${text(place)}`)
      }
      last = place
      state = stateShown(event) ?? state
    }
  }
  return found
}

/** The first event of an attempt says WORKING; it is left out where that is known already. */
function follows(last: Place, [turn, attempt, seq]: Place, working: boolean): boolean {
  const begins = seq === 1 || (working && seq === 2)
  if (turn === last[0] && attempt === last[1]) return seq === last[2] + 1 || (last[2] === 0 && begins)
  return begins && (turn === last[0] ? attempt > last[1] : turn === last[0] + 1)
}

export const samePlaceSameEvent: Oracle = {
  name: 'same-place-same-event',
  promise: 'All clients that see one place of a task see the same event there.',
  find(tasks) {
    const found: Found[] = []
    for (const { label, clients } of tasks) {
      const at = new Map<string, string>()
      for (const [client, streams] of clients) {
        for (const { place, event } of streams.flatMap(({ frames }) => frames)) {
          if (place === undefined || event.task !== undefined) continue
          const bytes = JSON.stringify(event)
          const before = at.get(text(place))
          if (before !== undefined && before !== bytes) {
            found.push({ label, what: `${client} saw another event at ${text(place)}: ${bytes} instead of ${before}` })
          }
          at.set(text(place), bytes)
        }
      }
    }
    return found
  },
}

function wentBack(last: Place, place: Place): string {
  return `went back from ${text(last)} to ${text(place)}`
}

function text(place: Place): string {
  return place.join('.')
}
