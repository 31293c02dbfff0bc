import type { SeenTask } from '../history/by-task.js'

/** Something that must never happen, and did. */
export interface Violation {
  readonly oracle: string
  readonly label: string
  readonly what: string
}

export interface Oracle {
  readonly name: string
  /** The promise, in one sentence. */
  readonly promise: string
  /** What of the run breaks the promise. Tasks come with everything that was seen of them. */
  find(tasks: readonly SeenTask[]): readonly Found[]
}

export interface Found {
  readonly label: string
  readonly what: string
}

/** An oracle that judges one task at a time. */
export function perTask(name: string, promise: string, find: (task: SeenTask) => readonly string[]): Oracle {
  return {
    name,
    promise,
    find: (tasks) => tasks.flatMap((task) => find(task).map((what) => ({ label: task.label, what }))),
  }
}
