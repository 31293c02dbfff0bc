/**
 * Builds a task out of its events: how a snapshot, a client and the memory of a running turn come to the same picture.
 */
import type {
  ArtifactJson,
  StreamResponseJson,
  TaskArtifactUpdateEventJson,
  TaskJson,
} from '../../gen/lf/a2a/v1/a2a_pb.js'
import { appendChunk } from './parts.js'

/** A task that grows by events. Owns its copy: neither the given task nor the events are changed. */
export class TaskBuilder {
  private base: TaskJson
  private artifacts: Map<string, ArtifactJson>

  constructor(task: TaskJson) {
    this.base = task
    this.artifacts = byId(task.artifacts)
  }

  apply(event: StreamResponseJson): void {
    if (event.task !== undefined) {
      this.base = event.task
      this.artifacts = byId(event.task.artifacts)
    } else if (event.statusUpdate?.status !== undefined) {
      this.base = { ...this.base, status: event.statusUpdate.status }
    } else if (event.artifactUpdate !== undefined) {
      this.applyArtifact(event.artifactUpdate)
    }
  }

  /** The artifact as it is now, or undefined when there is none of that id. */
  artifact(artifactId: string): ArtifactJson | undefined {
    return this.artifacts.get(artifactId)
  }

  /** The task as it is now. Cheap: the parts are shared, so a caller must not change them. */
  build(): TaskJson {
    if (this.artifacts.size === 0) return this.base
    return { ...this.base, artifacts: [...this.artifacts.values()].map((a) => ({ ...a, parts: [...(a.parts ?? [])] })) }
  }

  private applyArtifact({ artifact, append }: TaskArtifactUpdateEventJson): void {
    if (artifact?.artifactId === undefined) return
    const { artifactId, parts: more = [] } = artifact
    const earlier = append === true ? this.artifacts.get(artifactId) : undefined
    if (earlier === undefined) {
      this.artifacts.set(artifactId, { ...artifact, parts: [...more] })
      return
    }
    const parts = earlier.parts ?? []
    appendChunk(parts, more)
    this.artifacts.set(artifactId, { ...earlier, ...artifact, parts })
  }
}

function byId(artifacts: readonly ArtifactJson[] | undefined): Map<string, ArtifactJson> {
  const map = new Map<string, ArtifactJson>()
  for (const artifact of artifacts ?? []) {
    map.set(artifact.artifactId ?? '', { ...artifact, parts: [...(artifact.parts ?? [])] })
  }
  return map
}
