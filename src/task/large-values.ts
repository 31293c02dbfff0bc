/**
 * Large values of parts, kept outside of the task that they belong to: in their place stands a reference. A task that is
 * shown never holds one, and no wire can bring one in: the schema does not know the field.
 */
import type {
  ArtifactJson,
  MessageJson,
  PartJson,
  StreamResponseJson,
  TaskJson,
  TaskStatusJson,
} from '../../gen/lf/a2a/v1/a2a_pb.js'

/** Every threshold of large values. Sizes are bytes of the content: of UTF-8 for text and data, of the file for raw. */
export const LARGE_VALUES = {
  /** From this size on a value, or a list of parts, is kept outside. */
  from: 65_536,
  /** Neighbours of a large value that come to this size together are kept outside as well, as one value. */
  runFrom: 1_024,
  /** A value is kept in pieces of this size, each by its hash: what is appended to it leaves the first ones as they are. */
  pieceBytes: 262_144,
  /** All large values that one task shows. */
  perTask: 104_857_600,
  /** Up to this size, as JSON, a checkpoint is written with everything in it: most of them are replaced soon. */
  inCheckpoint: 262_144,
  /** A page of a list ends early when the large values on it come to this. */
  perPage: 33_554_432,
  /** Milliseconds between two searches for values that nobody needs. */
  forgetEveryMs: 3_600_000,
  /** Milliseconds after its last use in which a value that belongs to no task is kept. */
  forgetAfterMs: 86_400_000,
  /** The same for the values of a task that the store does not know: it may exist all the same. */
  forgetUnknownAfterMs: 2_592_000_000,
} as const

/** `parts`: a whole run of parts, as JSON. */
export type LargeKind = 'text' | 'raw' | 'data' | 'parts'

/** What stands in a part in place of its value. */
export interface LargeValue {
  readonly kind: LargeKind
  readonly size: number
  /** SHA-256 of each piece, in hex, in their order. */
  readonly pieces: readonly string[]
}

/** A part whose value may be kept outside; one of kind `parts` stands for several. */
export type StoredPart = PartJson & { readonly large?: LargeValue }

export type MapParts = (parts: readonly StoredPart[]) => readonly StoredPart[]

/** What walks through the parts of a value: the functions below, and those of `large-records.ts`. */
export type Walk<T> = (value: T, map: MapParts) => T

/** Where large values are kept. */
export interface LargeValueStore {
  /**
   * The value with references in place of large values; those are written when this resolves.
   *
   * @param key of the task that they belong to
   * @param known what the caller has taken out before: that is not written again
   * @throws A2AError UNAVAILABLE they cannot be written
   */
  takeOut<T>(key: string, value: T, walk: Walk<T>, known?: KnownValues): Promise<T>
  /**
   * The value as it was before {@link takeOut}.
   *
   * @param lost what becomes of a value that the store has lost: an empty part that says so, or an error. Default `shown`
   * @throws A2AError UNAVAILABLE the store does not answer
   * @throws A2AError INTERNAL the store has lost it
   */
  putBack<T>(value: T, walk: Walk<T>, lost?: 'shown' | 'refused'): Promise<T>
}

/** References by the content that they stand for, to be handed from one taking out to the next. */
export class KnownValues {
  private latest = noneKnown()
  private before = noneKnown()

  /** What follows is a new round: what it does not ask for is forgotten with the next. */
  begin(): void {
    this.before = this.latest
    this.latest = noneKnown()
  }

  find(kind: LargeKind, content: string): LargeValue | undefined {
    const found = this.latest[kind].get(content) ?? this.before[kind].get(content)
    if (found !== undefined) this.add(content, found)
    return found
  }

  add(content: string, large: LargeValue): void {
    this.latest[large.kind].set(content, large)
  }

  /** The pieces that are written already. */
  pieces(): Set<string> {
    const maps = [...Object.values(this.before), ...Object.values(this.latest)]
    return new Set(maps.flatMap((known) => [...known.values()].flatMap(({ pieces }) => pieces)))
  }
}

/** The same text may be a text, and the base64 of something else. */
function noneKnown(): Readonly<Record<LargeKind, Map<string, LargeValue>>> {
  return { text: new Map(), raw: new Map(), data: new Map(), parts: new Map() }
}

export function mapMessage<T extends MessageJson | undefined>(message: T, map: MapParts): T {
  return message?.parts === undefined ? message : { ...message, parts: [...map(message.parts)] }
}

export function mapArtifact<T extends ArtifactJson | undefined>(artifact: T, map: MapParts): T {
  return artifact?.parts === undefined ? artifact : { ...artifact, parts: [...map(artifact.parts)] }
}

export function mapStatus<T extends TaskStatusJson | undefined>(status: T, map: MapParts): T {
  return status?.message === undefined ? status : { ...status, message: mapMessage(status.message, map) }
}

export function mapTask(task: TaskJson, map: MapParts): TaskJson {
  const { status, history, artifacts } = task
  return {
    ...task,
    ...(status === undefined ? {} : { status: mapStatus(status, map) }),
    ...(history === undefined ? {} : { history: history.map((message) => mapMessage(message, map)) }),
    ...(artifacts === undefined ? {} : { artifacts: artifacts.map((artifact) => mapArtifact(artifact, map)) }),
  }
}

export function mapEvent(event: StreamResponseJson, map: MapParts): StreamResponseJson {
  const { task, message, statusUpdate, artifactUpdate } = event
  return {
    ...event,
    ...(task === undefined ? {} : { task: mapTask(task, map) }),
    ...(message === undefined ? {} : { message: mapMessage(message, map) }),
    ...(statusUpdate?.status === undefined
      ? {}
      : { statusUpdate: { ...statusUpdate, status: mapStatus(statusUpdate.status, map) } }),
    ...(artifactUpdate?.artifact === undefined
      ? {}
      : { artifactUpdate: { ...artifactUpdate, artifact: mapArtifact(artifactUpdate.artifact, map) } }),
  }
}

/** What callers and handlers give refers to nothing, whatever they say: a reference is ours alone to make. */
export function withoutReferences(parts: readonly StoredPart[]): readonly StoredPart[] {
  return parts.some((part) => 'large' in part) ? parts.map(({ large: _, ...rest }) => rest) : parts
}

/** The references in whatever one of the walks goes through. */
export function largeValuesIn<T>(value: T, walk: Walk<T>): LargeValue[] {
  const found: LargeValue[] = []
  walk(value, (parts) => {
    for (const { large } of parts) if (large !== undefined) found.push(large)
    return parts
  })
  return found
}

export function hasLargeValues<T>(value: T, walk: Walk<T>): boolean {
  return largeValuesIn(value, walk).length > 0
}

/** Characters of all values, roughly: cheap, however large they are. */
export function contentLength<T>(value: T | undefined, walk: Walk<T>): number {
  if (value === undefined) return 0
  let length = 0
  walk(value, (parts) => {
    for (const { text, raw, data } of parts) {
      length += text?.length ?? raw?.length ?? (data === undefined ? 0 : JSON.stringify(data).length)
    }
    return parts
  })
  return length
}
