/** The artifacts that a reader ends up with; written apart from the product's own code, so that one can judge the other. */
import type { ArtifactJson, PartJson, StreamResponseJson } from '../../../gen/lf/a2a/v1/a2a_pb.js'

/** Artifact id to content, in order of appearance. */
export type Picture = Map<string, string>

export function pictureOf(events: Iterable<StreamResponseJson>): Picture {
  let parts = new Map<string, PartJson[]>()
  for (const { task, artifactUpdate } of events) {
    if (task !== undefined) {
      parts = new Map((task.artifacts ?? []).map((artifact) => [idOf(artifact), [...(artifact.parts ?? [])]]))
    }
    const artifact = artifactUpdate?.artifact
    if (artifact === undefined) continue
    const before = artifactUpdate?.append === true ? (parts.get(idOf(artifact)) ?? []) : []
    parts.set(idOf(artifact), [...before, ...(artifact.parts ?? [])])
  }
  return new Map([...parts].map(([id, all]) => [id, contentOf(all)]))
}

export function pictureOfTask(artifacts: readonly ArtifactJson[] | undefined): Picture {
  return new Map((artifacts ?? []).map((artifact) => [idOf(artifact), contentOf(artifact.parts ?? [])]))
}

/** All text, artifact after artifact. */
export function textOf(picture: Picture): string {
  return [...picture.values()].join('')
}

/** Texts joined, whatever they were cut into; other parts as JSON. */
function contentOf(parts: readonly PartJson[]): string {
  return parts.map((part) => part.text ?? JSON.stringify(part)).join('')
}

function idOf({ artifactId }: ArtifactJson): string {
  return artifactId ?? ''
}
