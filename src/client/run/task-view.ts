/**
 * What a reader has been shown of a task, so that nothing is shown twice: after a lost connection a server may begin
 * with the Task as it is, and only the difference is news.
 */
import type {
  ArtifactJson,
  PartJson,
  StreamResponseJson,
  TaskJson,
  TaskStatusJson,
} from '../../../gen/lf/a2a/v1/a2a_pb.js'
import { TaskBuilder } from '../../a2a/apply-event.js'
import { isPlainText, joinTexts } from '../../a2a/parts.js'
import { deepEqual } from '../deep-equal.js'

export class TaskView {
  private builder: TaskBuilder | undefined
  private shown: TaskStatusJson | undefined

  /** The events to show for this one: itself, or what is new of it, or nothing. */
  accept(event: StreamResponseJson): StreamResponseJson[] {
    if (event.task !== undefined) return this.acceptTask(event.task)
    if (event.statusUpdate !== undefined) {
      const { status, metadata } = event.statusUpdate
      const known = metadata === undefined && status?.timestamp !== undefined && deepEqual(status, this.shown)
      this.builder?.apply(event)
      this.shown = status
      return known ? [] : [event]
    }
    this.builder?.apply(event)
    return [event]
  }

  /** The reader is not shown this Task, but what will be new of it. */
  know(task: TaskJson): void {
    this.builder = new TaskBuilder(task)
    this.shown = task.status
  }

  /** The task as it is known, or undefined before the first event. */
  task(): TaskJson | undefined {
    return this.builder?.build()
  }

  status(): TaskStatusJson | undefined {
    return this.shown
  }

  private acceptTask(task: TaskJson): StreamResponseJson[] {
    const builder = this.builder
    if (builder === undefined) {
      this.know(task)
      return [{ task }]
    }
    const place = { taskId: task.id ?? '', contextId: task.contextId ?? '' }
    const news: StreamResponseJson[] = []
    for (const artifact of task.artifacts ?? []) {
      const update = artifactNews(builder.artifact(artifact.artifactId ?? ''), artifact)
      if (update !== undefined) news.push({ artifactUpdate: { ...place, ...update } })
    }
    if (task.status !== undefined && isNews(this.shown, task.status)) {
      news.push({ statusUpdate: { ...place, status: task.status } })
    }
    builder.apply({ task })
    this.shown = task.status
    return news
  }
}

/** The update that turns what is known into what is, or undefined when they are the same. */
function artifactNews(
  known: ArtifactJson | undefined,
  artifact: ArtifactJson,
): { artifact: ArtifactJson; append?: boolean } | undefined {
  if (known === undefined) return { artifact }
  const before = known.parts ?? []
  const after = artifact.parts ?? []
  if (deepEqual(before, after)) return undefined
  // Some servers keep a text in the chunks it came in: where one ends and the next begins is no news.
  const joined = [joinTexts(before), joinTexts(after)] as const
  if (deepEqual(...joined)) return undefined
  const added = addedParts(before, after) ?? addedParts(...joined)
  return added === undefined ? { artifact } : { artifact: { ...artifact, parts: added }, append: true }
}

/** What follows `before` in `after`, or undefined when `after` does not begin with it. */
function addedParts(before: readonly PartJson[], after: readonly PartJson[]): PartJson[] | undefined {
  const last = before.at(-1)
  if (last === undefined) return [...after]
  const at = before.length - 1
  const same = after[at]
  if (same === undefined || !deepEqual(before.slice(0, at), after.slice(0, at))) return undefined
  if (deepEqual(last, same)) return after.slice(before.length)
  if (!isPlainText(last) || same.text?.startsWith(last.text) !== true) return undefined
  if (!deepEqual({ ...last, text: '' }, { ...same, text: '' })) return undefined
  return [{ ...same, text: same.text.slice(last.text.length) }, ...after.slice(before.length)]
}

/** The same state with the same message at another time is what the reader already knows. */
function isNews(known: TaskStatusJson | undefined, status: TaskStatusJson): boolean {
  return known?.state !== status.state || !deepEqual(known?.message, status.message)
}
