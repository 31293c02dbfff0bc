/** What an earlier attempt at a turn has left behind, for authors who go on from there. */
import type { ArtifactJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { textOf } from '../a2a/parts.js'

/** What a lost attempt had shown, for a handler that goes on from there. */
export interface Resume {
  /** The turn's text as far as it was written down; empty when there was none. */
  readonly text: string
  /** The artifacts of the turn as far as they were written down, the text's included. */
  readonly artifacts: readonly ArtifactJson[]
}

/** Undefined when nothing was said, or nothing of it was written down. */
export function resumeFrom(before: EarlierAttempts | undefined): Resume | undefined {
  if (before === undefined || before.artifacts.length === 0) return undefined
  const { artifacts, textArtifactId } = before
  return { text: textOf(artifacts.find(({ artifactId }) => artifactId === textArtifactId)?.parts), artifacts }
}

/** What earlier attempts at a turn have shown, as far as it is known. */
export interface EarlierAttempts {
  /** Ids of all artifacts. */
  readonly shown: readonly string[]
  /** The artifacts of the latest of them. */
  readonly artifacts: readonly ArtifactJson[]
  readonly textArtifactId?: string
}
