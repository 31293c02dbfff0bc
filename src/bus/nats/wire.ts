/**
 * Live events and pictures as they go over NATS: JSON, checked on receipt down to the last field. Whoever can publish there
 * may be mistaken, or newer than this process: what does not fit is not shown, and harms nobody.
 */
import { type DescMessage, fromJson, type JsonObject, type JsonValue, toJson } from '@bufbuild/protobuf'
import {
  type ArtifactJson,
  ArtifactSchema,
  type StreamResponseJson,
  StreamResponseSchema,
  type TaskJson,
  TaskSchema,
  type TaskStatusJson,
  TaskStatusSchema,
} from '../../../gen/lf/a2a/v1/a2a_pb.js'
import type { Cursor, Position } from '../../a2a/cursor.js'
import { mapPicture } from '../../task/large-records.js'
import { LARGE_VALUES, type LargeValue, largeValuesIn, mapEvent, type Walk } from '../../task/large-values.js'
import type { TurnPicture } from '../../task/turn-picture.js'
import type { LiveEvent } from '../live-event.js'

/** What came for a task's readers. `lost`: there was an event that cannot be shown; the task has to be looked at. */
export type Received = LiveEvent | 'lost' | undefined

const FORMAT = 1
/** Of a list of events, besides the events. */
const ENVELOPE_BYTES = 20
/** How a message with references begins. */
const STORED_HEAD = Buffer.from(`{"v":${FORMAT},"stored":`)

export function encodeEvent({ cursor, kind, event, task }: LiveEvent): Uint8Array {
  return encode({ v: FORMAT, cursor, kind, event, task })
}

/** In place of an event that does not fit into a message. */
export function encodeLost(): Uint8Array {
  return encode({ v: FORMAT, lost: true })
}

/**
 * @param key of the task that the message's subject stands for
 * @returns undefined for what is no event of this task
 */
export function decodeEvent(key: string, data: Uint8Array): Received {
  const value = decode(data)
  if (value === undefined) return undefined
  // A newer version says it its own way: that something was said is all that is understood.
  if (value.v !== FORMAT || value.lost === true) return typeof value.v === 'number' ? 'lost' : undefined
  return readEvent(key, value, data.length)
}

/** @param maxBytes what the message may have: as many events as fit are in it, the first ones */
export function encodeEvents(events: readonly LiveEvent[], maxBytes: number): Uint8Array {
  const fitting: string[] = []
  let bytes = ENVELOPE_BYTES
  for (const { cursor, kind, event } of events) {
    const text = JSON.stringify({ cursor, kind, event })
    bytes += Buffer.byteLength(text) + 1
    if (bytes > maxBytes) break
    fitting.push(text)
  }
  return Buffer.from(`{"v":${FORMAT},"events":[${fitting.join()}]}`)
}

/** Those up to the first that does not fit. */
export function decodeEvents(key: string, data: Uint8Array): LiveEvent[] {
  const value = decode(data)
  if (value?.v !== FORMAT || !Array.isArray(value.events)) return []
  const events: LiveEvent[] = []
  for (const each of value.events) {
    const event = isObject(each) ? readEvent(key, each, data.length / value.events.length) : undefined
    if (event === undefined) break
    events.push(event)
  }
  return events
}

function readEvent(key: string, value: JsonObject, bytes: number): LiveEvent | undefined {
  const cursor = readCursor(value.cursor)
  const { kind } = value
  const event = readMessage<StreamResponseJson>(StreamResponseSchema, value.event)
  if (cursor === undefined || event === undefined || !isKind(kind) || !fits(key, kind, event)) return undefined
  const task = value.task === undefined ? undefined : readMessage<TaskJson>(TaskSchema, value.task)
  if (value.task !== undefined && (task?.id !== taskIdOf(key) || task.status?.state === undefined)) return undefined
  return { key, cursor, kind, event, bytes, ...(task === undefined ? {} : { task }) }
}

export function encodePicture(picture: TurnPicture | undefined): Uint8Array {
  if (picture === undefined) return encode({ v: FORMAT })
  const { turn, attempt, seq, status, artifacts } = picture
  return encode({ v: FORMAT, picture: { turn, attempt, seq, status, artifacts } })
}

export function decodePicture(data: Uint8Array): TurnPicture | undefined {
  const value = decode(data)
  if (value?.v !== FORMAT || !isObject(value.picture)) return undefined
  return readPicture(value.picture)
}

/** Undefined for what is no picture. */
function readPicture(picture: object | undefined): TurnPicture | undefined {
  if (picture === undefined) return undefined
  return pictureIn(picture as JsonObject)
}

function pictureIn(picture: JsonObject): TurnPicture | undefined {
  const cursor = readCursor(picture)
  if (cursor === undefined || !Array.isArray(picture.artifacts)) return undefined
  const artifacts = picture.artifacts.map((artifact) => readMessage<ArtifactJson>(ArtifactSchema, artifact))
  const status =
    picture.status === undefined ? undefined : readMessage<TaskStatusJson>(TaskStatusSchema, picture.status)
  const complete = artifacts.every((artifact) => artifact !== undefined)
  if (!complete || (picture.status !== undefined && status?.state === undefined)) return undefined
  return { ...cursor, artifacts, ...(status === undefined ? {} : { status }) }
}

/** @param event of which `value` is the event, when it is one */
export function encodeStored(value: object, event?: Pick<LiveEvent, 'cursor' | 'kind'>): Uint8Array {
  return encode({ v: FORMAT, stored: value, cursor: event?.cursor, kind: event?.kind })
}

/** Whether it has references in place of large values. */
export function isStored(data: Uint8Array): boolean {
  const head = Buffer.from(data.buffer, data.byteOffset, Math.min(data.byteLength, STORED_HEAD.length))
  return head.equals(STORED_HEAD)
}

/** With its references. */
export function decodeStoredEvent(key: string, data: Uint8Array): LiveEvent | undefined {
  const { stored, ...value } = decode(data) ?? {}
  return readStored(stored as StreamResponseJson, mapEvent, (plain) => {
    const event = readEvent(key, { ...value, event: plain as JsonObject }, data.length)
    return event === undefined ? undefined : [event.event, (restored) => ({ ...event, event: restored })]
  })
}

/** With its references. */
export function decodeStoredPicture(data: Uint8Array): TurnPicture | undefined {
  const { stored } = decode(data) ?? {}
  return readStored(stored as unknown as TurnPicture, mapPicture, (plain) => {
    const picture = readPicture(plain)
    return picture === undefined ? undefined : [picture, (restored) => restored]
  })
}

type Read<T, Result> = (plain: T) => readonly [normal: T, made: (restored: T) => Result] | undefined

/**
 * The schema does not know references, so it is read without them, and they are put in their places again. Undefined when
 * it is not what `read` expects, or has references that nobody of us has made.
 */
function readStored<T, Result>(value: T, walk: Walk<T>, read: Read<T, Result>): Result | undefined {
  const references: (LargeValue | undefined)[] = []
  try {
    if (!areSound(largeValuesIn(value, walk))) return undefined
    const plain = walk(value, (parts) =>
      parts.map(({ large, ...rest }) => {
        references.push(large)
        return large === undefined ? rest : { ...rest, text: '' }
      }),
    )
    const found = read(plain)
    if (found === undefined) return undefined
    const [normal, made] = found
    let at = 0
    const restored = walk(normal, (parts) =>
      parts.map((part) => {
        const large = references[at]
        at += 1
        const { text: _, ...rest } = part
        return large === undefined ? part : { ...rest, large }
      }),
    )
    return at === references.length ? made(restored) : undefined
  } catch {
    return undefined
  }
}

/** Each of as many pieces as it has bytes for, and together no more than a task may have. */
function areSound(large: readonly LargeValue[]): boolean {
  let sum = 0
  for (const { size, pieces } of large) {
    sum += size
    if (!isCount(size) || pieces.length !== Math.ceil(size / LARGE_VALUES.pieceBytes)) return false
    if (!pieces.every((hash) => typeof hash === 'string')) return false
  }
  return sum <= LARGE_VALUES.perTask
}

/** A question to those who run, or have run, a turn. */
export type Question =
  | { readonly ask: 'picture' }
  | { readonly ask: 'cancel' }
  | { readonly ask: 'missed'; readonly after: Position }

export function encodeQuestion(question: Question): Uint8Array {
  return encode({ v: FORMAT, ...question })
}

export function decodeQuestion(data: Uint8Array): Question | undefined {
  const { ask, after } = decode(data) ?? {}
  if (ask === 'picture' || ask === 'cancel') return { ask }
  const cursor = readCursor(after)
  if (ask !== 'missed' || cursor === undefined) return undefined
  return { ask, after: { ...cursor, ended: isObject(after) && after.ended === true } }
}

function encode(value: object): Uint8Array {
  return Buffer.from(JSON.stringify(value))
}

function decode(data: Uint8Array): JsonObject | undefined {
  try {
    const value = JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8')) as JsonValue
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** As this version would have written it, without what it does not know; undefined for what is no such message. */
function readMessage<T>(schema: DescMessage, value: JsonValue | undefined): T | undefined {
  if (value === undefined) return undefined
  try {
    return toJson(schema, fromJson(schema, value, { ignoreUnknownFields: true })) as T
  } catch {
    return undefined
  }
}

function readCursor(value: JsonValue | undefined): Cursor | undefined {
  if (!isObject(value)) return undefined
  const { turn, attempt, seq } = value
  return isCount(turn) && isCount(attempt) && isCount(seq) ? { turn, attempt, seq } : undefined
}

/** An event says something about this task, and what its kind may say. */
function fits(
  key: string,
  kind: LiveEvent['kind'],
  { statusUpdate, artifactUpdate, message }: StreamResponseJson,
): boolean {
  if (message !== undefined) return kind === 'end'
  if (artifactUpdate !== undefined) {
    return kind === 'update' && artifactUpdate.artifact !== undefined && artifactUpdate.taskId === taskIdOf(key)
  }
  return statusUpdate?.status?.state !== undefined && statusUpdate.taskId === taskIdOf(key)
}

function taskIdOf(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1)
}

function isKind(value: unknown): value is LiveEvent['kind'] {
  return value === 'begin' || value === 'update' || value === 'end'
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
