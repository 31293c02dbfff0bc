/**
 * The events of one attempt at a turn: gives results of a handler their ids, times and places, publishes them, and
 * keeps the picture they add up to.
 *
 * States that end a turn are not published here: they are shown only when they are durable, by the engine.
 */
import type {
  ArtifactJson,
  MessageJson,
  PartJson,
  StreamResponseJson,
  TaskJson,
  TaskStateJson,
  TaskStatusJson,
} from '../../gen/lf/a2a/v1/a2a_pb.js'
import { TaskBuilder } from '../a2a/apply-event.js'
import type { Position } from '../a2a/cursor.js'
import { appendChunk, isPlainText } from '../a2a/parts.js'
import { isInterrupted } from '../a2a/state.js'
import { type LiveEvent, taskKey } from '../bus/live-event.js'
import { utf8Bytes } from '../internal/utf8-bytes.js'
import { endsInHalf, wellFormed } from '../internal/well-formed.js'
import { LARGE_VALUES, withoutReferences } from '../task/large-values.js'
import type { TurnInput } from '../task/turn-input.js'
import type { TurnPicture, TurnStanding } from '../task/turn-picture.js'
import { minus, NOTHING, plus, type Weight, weightOf } from '../task/weight.js'
import type { ArtifactInput } from './result.js'
import type { EarlierAttempts } from './resume.js'

export interface TurnEventsHost {
  readonly attempt: number
  publish(event: LiveEvent): void
  /** ISO 8601, UTC, with milliseconds. */
  now(): string
  newId(): string
  /** The task stands otherwise than is known of it outside of its streams: it waits while its handler goes on, or works again. */
  onStanding?(standing: TurnStanding): void
}

type Metadata = NonNullable<MessageJson['metadata']>

/** Bytes an event has besides its own parts, roughly. */
const ENVELOPE_BYTES = 200

export class TurnEvents {
  private readonly input: TurnInput
  private readonly host: TurnEventsHost
  private readonly key: string
  private readonly picture: TaskBuilder
  private readonly touched = new Set<string>()
  /** Ids of artifacts that are about to be shown. */
  private readonly announced = new Set<string>()
  /** Ids of the author's artifacts of which it was not said whether more follows. */
  private readonly open = new Set<string>()
  /** Ids of the author's artifacts of which no more may follow. */
  private readonly ended = new Set<string>()
  /** By artifact, the first half of a character whose other half is in the next chunk. */
  private readonly halves = new Map<string, string>()
  private readonly sizes = new Map<string, number>()
  private artifactWeight: Weight = NOTHING
  private statusBytes = 0
  private seq = 0
  private artifactCount = 0
  private textArtifactId: string | undefined
  private textOpen = false
  private closed = false
  private working = true
  /** How the task stands as far as is known outside of its streams; after a lost attempt nobody knows. */
  private standing: TaskStateJson | undefined
  /** The attempt has shown, or is about to show, that this is a task and no Message. */
  decided = false

  constructor(input: TurnInput, host: TurnEventsHost) {
    this.input = input
    this.host = host
    this.key = taskKey(input)
    this.picture = new TaskBuilder(input.task)
    this.standing = host.attempt === 1 ? 'TASK_STATE_WORKING' : undefined
  }

  /** What the attempt has said adds to the task, roughly. */
  get weight(): Weight {
    return plus(this.artifactWeight, weightOf(this.statusBytes))
  }

  /** Place of the last event. */
  get position(): Position {
    return { turn: this.input.turn, attempt: this.host.attempt, seq: this.seq, ended: false }
  }

  /** What the attempt has said so far. */
  get said(): TurnPicture {
    const { turn, attempt, seq } = this.position
    const { status } = this.picture.build()
    return { turn, attempt, seq, ...(status === undefined ? {} : { status }), artifacts: this.artifacts() }
  }

  /** Id of the turn's one text artifact, when there is any. */
  get textArtifact(): string | undefined {
    return this.textArtifactId
  }

  /** What the next attempt has to know of this one and those before it. */
  earlier(before: EarlierAttempts | undefined): EarlierAttempts {
    const shown = [...new Set([...(before?.shown ?? []), ...this.announced, ...this.touched])]
    // Until this attempt has an artifact of its own, those of the last one are what there is to go on from.
    if (this.touched.size === 0 && before !== undefined) return { ...before, shown }
    const textArtifactId = this.textArtifactId === undefined ? {} : { textArtifactId: this.textArtifactId }
    return { shown, artifacts: this.artifacts(), ...textArtifactId }
  }

  /**
   * Says that a chunk of an artifact is about to be shown. True when the next attempt could not know of that artifact: then
   * a checkpoint has to be written first.
   *
   * @param artifactId the author's; undefined for the next made one
   */
  announce(artifactId: string | undefined): boolean {
    const id = artifactId ?? this.madeId(this.artifactCount + 1)
    if (this.touched.has(id) || this.announced.has(id)) return false
    // The first artifact of an attempt, when its id is made, is what every attempt begins with.
    const derivable = this.touched.size === 0 && this.announced.size === 0 && id === this.madeId(1)
    if (!derivable) this.announced.add(id)
    return !derivable
  }

  /** Artifacts that this attempt has made or changed, whole. */
  artifacts(): ArtifactJson[] {
    return (this.picture.build().artifacts ?? []).filter(({ artifactId }) => this.touched.has(artifactId ?? ''))
  }

  /** From here on nothing is published: a handler that still talks is not heard. */
  close(): void {
    this.closed = true
  }

  /** The attempt has begun. */
  begin(): void {
    this.publish('begin', this.statusUpdate({ state: 'TASK_STATE_WORKING', timestamp: this.host.now() }), 0)
  }

  /** WORKING, with a message when there is text. */
  status(text: string | undefined, metadata: Metadata | undefined): void {
    const message = text === undefined ? undefined : this.agentMessage([{ text }])
    this.working = true
    this.showStatus('TASK_STATE_WORKING', message, metadata)
  }

  /** AUTH_REQUIRED while the handler goes on. */
  authRequired(parts: readonly PartJson[] | undefined, metadata: Metadata | undefined): void {
    this.working = false
    this.showStatus('TASK_STATE_AUTH_REQUIRED', parts === undefined ? undefined : this.agentMessage(parts), metadata)
  }

  /** A chunk of the turn's one text artifact. */
  text(text: string, lastChunk: boolean): void {
    const first = this.textArtifactId === undefined
    this.textArtifactId ??= this.nextArtifactId()
    this.textOpen = !lastChunk
    this.showArtifact({ artifactId: this.textArtifactId, parts: [{ text }] }, !first, lastChunk)
  }

  /**
   * Says that no further chunk follows of what is open: of the turn's text, and with the task of the artifacts whose author
   * has not said whether one does. That takes a chunk, so it is said only of what ends in text, which a chunk may add nothing to.
   */
  closeOpen(withTask: boolean): void {
    if (this.textOpen) this.text('', true)
    for (const artifactId of withTask ? this.open : []) {
      const tail = this.picture.artifact(artifactId)?.parts?.at(-1)
      if (isPlainText(tail)) this.showArtifact({ artifactId, parts: [{ ...tail, text: '' }] }, true, true)
    }
    for (const artifactId of this.halves.keys()) {
      this.halves.delete(artifactId)
      this.showArtifact({ artifactId, parts: [{ text: '\uFFFD' }] }, true, undefined)
    }
  }

  /** Whether the author has said that no further chunk of it follows. */
  hasEnded(artifactId: string): boolean {
    return this.ended.has(artifactId)
  }

  /** @param last nothing of the handler follows */
  artifact({ append = false, lastChunk, parts, ...given }: ArtifactInput, last = false): void {
    const { artifactId = this.nextArtifactId(), ...rest } = wellFormed(given) as ArtifactJson
    const isLast = lastChunk ?? (last || given.artifactId === undefined ? true : undefined)
    if (isLast === undefined) this.open.add(artifactId)
    else this.open.delete(artifactId)
    if (isLast === true) this.ended.add(artifactId)
    else this.ended.delete(artifactId)
    this.showArtifact({ artifactId, ...rest, parts: [...parts] }, append, isLast)
  }

  /** An event an author made. Ids of task and context are ours. */
  emit(event: Pick<StreamResponseJson, 'statusUpdate' | 'artifactUpdate'>): void {
    if (event.artifactUpdate?.artifact !== undefined) {
      const { artifact, append, lastChunk, metadata } = event.artifactUpdate
      const { parts = [], ...rest } = artifact
      this.showArtifact({ ...wellFormed(rest), parts }, append ?? false, lastChunk, wellFormed(metadata))
    } else if (event.statusUpdate?.status !== undefined) {
      const { status, metadata } = wellFormed(event.statusUpdate as { status: TaskStatusJson; metadata?: Metadata })
      this.working = status.state === 'TASK_STATE_WORKING'
      this.publish('update', this.statusUpdate({ ...status, timestamp: this.host.now() }, metadata), sizeOf(status))
    }
  }

  /**
   * Settles what earlier attempts have shown and this one has not. An artifact that is to be kept, or is one of an earlier
   * turn, gets that content back; any other is emptied and marked `superseded`. Also after {@link close}.
   *
   * @param shown ids of the artifacts that the earlier attempts had touched
   * @param kept artifacts of theirs that stay
   */
  supersede(shown: Iterable<string>, kept: readonly ArtifactJson[] = []): void {
    const { closed } = this
    this.closed = false
    for (const artifactId of shown) {
      if (this.touched.has(artifactId)) continue
      const known = [...kept, ...(this.input.task.artifacts ?? [])].find((known) => known.artifactId === artifactId)
      this.showArtifact(known ?? { artifactId, parts: [{ text: '' }], metadata: { superseded: true } }, false, true)
    }
    this.closed = closed
  }

  agentMessage(parts: readonly PartJson[], metadata?: Metadata): MessageJson {
    return {
      messageId: this.host.newId(),
      contextId: this.input.task.contextId ?? '',
      taskId: this.input.taskId,
      role: 'ROLE_AGENT',
      parts: [...wellFormed(withoutReferences(parts))],
      ...(metadata === undefined ? {} : { metadata: wellFormed(metadata) }),
    }
  }

  private nextArtifactId(): string {
    this.artifactCount += 1
    return this.madeId(this.artifactCount)
  }

  private madeId(ordinal: number): string {
    return madeArtifactId(this.input, ordinal)
  }

  private showStatus(
    state: TaskStatusJson['state'] & string,
    message: MessageJson | undefined,
    metadata?: Metadata,
  ): void {
    const status: TaskStatusJson = { state, ...(message === undefined ? {} : { message }), timestamp: this.host.now() }
    this.publish('update', this.statusUpdate(status, wellFormed(metadata)), message === undefined ? 0 : sizeOf(message))
  }

  /** @param further it is a chunk of an artifact; the first one of an artifact that is not there begins it */
  private showArtifact(
    given: ArtifactJson,
    further: boolean,
    lastChunk: boolean | undefined,
    metadata?: Metadata,
  ): void {
    if (!this.working) this.status(undefined, undefined)
    const artifactId = given.artifactId ?? ''
    const before = further ? this.picture.artifact(artifactId) : undefined
    const isFirst = !this.touched.has(artifactId)
    const parts = this.whole(artifactId, withoutReferences(given.parts ?? []), before !== undefined, lastChunk)
    this.touched.add(artifactId)
    const size = partsSize(parts)
    this.count(artifactId, size - keptOutside(parts), before !== undefined)
    const chunk = given.parts === parts ? given : { ...given, parts: [...parts] }
    // Readers may have seen chunks of an earlier attempt: they get all that there is in their place.
    const again = before !== undefined && isFirst && this.host.attempt > 1
    const artifact = again ? withChunk(before, chunk) : chunk
    const bytes = again ? partsSize(artifact.parts ?? []) : size
    const { taskId, contextId } = this.ids()
    // Thousands of these are kept for readers who come back, and most are a further chunk: one object without gaps.
    const append = before !== undefined && !again
    const update = append ? { taskId, contextId, artifact, append } : { taskId, contextId, artifact }
    const isPlain = lastChunk !== true && metadata === undefined
    const artifactUpdate = isPlain
      ? update
      : { ...update, ...(lastChunk === true ? { lastChunk } : {}), ...(metadata === undefined ? {} : { metadata }) }
    this.publish('update', { artifactUpdate }, bytes)
  }

  /** The parts with whole characters: half a one at the end waits for the next chunk, and then comes before it. */
  private whole(
    artifactId: string,
    given: readonly PartJson[],
    append: boolean,
    lastChunk: boolean | undefined,
  ): readonly PartJson[] {
    const half = append ? this.halves.get(artifactId) : undefined
    this.halves.delete(artifactId)
    const parts = half === undefined ? given : withHalf(half, given)
    const last = parts.at(-1)
    if (lastChunk === true || !isPlainText(last) || !endsInHalf(last.text)) {
      return parts.every(isWholeText) ? parts : wellFormed(parts)
    }
    this.halves.set(artifactId, last.text.slice(-1))
    return wellFormed([...parts.slice(0, -1), { ...last, text: last.text.slice(0, -1) }])
  }

  private statusUpdate(status: TaskStatusJson, metadata?: TaskJson['metadata']): StreamResponseJson {
    return { statusUpdate: { ...this.ids(), status, ...(metadata === undefined ? {} : { metadata }) } }
  }

  private ids(): { taskId: string; contextId: string } {
    return { taskId: this.input.taskId, contextId: this.input.task.contextId ?? '' }
  }

  /** Only what stays in the task counts: a replaced artifact and an earlier status do not. */
  private count(artifactId: string, bytes: number, append: boolean): void {
    const before = this.sizes.get(artifactId) ?? 0
    const now = append && before > 0 ? before + bytes : ENVELOPE_BYTES + bytes
    this.sizes.set(artifactId, now)
    this.artifactWeight = minus(plus(this.artifactWeight, weightOf(now)), weightOf(before))
  }

  private publish(kind: 'begin' | 'update', event: StreamResponseJson, bytes: number): void {
    if (this.closed) return
    this.seq += 1
    if (event.statusUpdate !== undefined) this.statusBytes = bytes
    this.picture.apply(event)
    const { statusUpdate } = event
    if (statusUpdate?.status !== undefined) this.noteStanding(statusUpdate.status, statusUpdate.metadata)
    const cursor = { turn: this.input.turn, attempt: this.host.attempt, seq: this.seq }
    this.host.publish({ key: this.key, cursor, kind, event, bytes: bytes + ENVELOPE_BYTES })
  }

  private noteStanding(status: TaskStatusJson, eventMetadata: TaskJson['metadata']): void {
    const { state = 'TASK_STATE_WORKING' } = status
    // It waits for something else now, or an attempt that was lost has let it wait.
    if (state === this.standing && !isInterrupted(state)) return
    this.standing = state
    this.host.onStanding?.({ ...this.said, status, ...(eventMetadata === undefined ? {} : { eventMetadata }) })
  }
}

/** Ids of artifacts are made from task, turn and order, so that a further attempt replaces the same ones. */
export function madeArtifactId({ taskId, turn }: TurnInput, ordinal: number): string {
  return `${taskId.slice(0, 8)}-${turn}-${ordinal}`
}

function withChunk(before: ArtifactJson, chunk: ArtifactJson): ArtifactJson {
  const parts = [...(before.parts ?? [])]
  appendChunk(parts, chunk.parts ?? [])
  return { ...before, ...chunk, parts }
}

function withHalf(half: string, parts: readonly PartJson[]): PartJson[] {
  const [first, ...rest] = parts
  return isPlainText(first) ? [{ ...first, text: half + first.text }, ...rest] : [{ text: half }, ...parts]
}

function isWholeText(part: PartJson): boolean {
  return isOnlyText(part) && part.text.isWellFormed()
}

/** Bytes as JSON. */
function partsSize(parts: readonly PartJson[]): number {
  let size = 0
  for (const part of parts) size += partSize(part)
  return size
}

/** Of these bytes, those that are not in the task: a file that is kept outside counts as what it is, and not as its base64. */
function keptOutside(parts: readonly PartJson[]): number {
  let size = 0
  for (const { raw } of parts) {
    if (raw === undefined) continue
    const file = Math.floor((raw.length * 3) / 4)
    if (file >= LARGE_VALUES.from) size += raw.length - file
  }
  return size
}

function partSize(part: PartJson): number {
  if (isOnlyText(part)) return sizeOf(part.text) - QUOTES
  if (part.raw === undefined) return sizeOf(part)
  // Base64 has nothing to escape.
  return sizeOf({ ...part, raw: '' }) + part.raw.length
}

/** A chunk of plain text adds nothing but its characters to the text it is joined to. */
function isOnlyText(part: PartJson): part is PartJson & { text: string } {
  return part.text !== undefined && Object.keys(part).length === 1
}

const QUOTES = 2

function sizeOf(value: object | string): number {
  return utf8Bytes(JSON.stringify(value))
}
