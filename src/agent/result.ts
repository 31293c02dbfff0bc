/**
 * What a handler returns or yields. The helpers make plain frozen objects with a tag; a string is a chunk of text.
 *
 * A returned result is the last one of the turn; a generator may yield several before it.
 */
import type { JsonValue } from '@bufbuild/protobuf'
import type { MessageJson, PartJson, StreamResponseJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { handlerFault } from './handler-fault.js'
import type { Jsonable } from './jsonable.js'

/** Which result it is. A registered symbol, so that two copies of this package understand each other. */
export const TAG: unique symbol = Symbol.for('temporal-a2a.result') as never

type Metadata = NonNullable<MessageJson['metadata']>

interface Tagged<Kind extends string> {
  readonly [TAG]: Kind
}

/** The next chunk of the turn's one text artifact. */
export interface TextResult extends Tagged<'text'> {
  readonly text: string
}

/** The task goes on WORKING, with a message when there is text. */
export interface StatusResult extends Tagged<'status'> {
  readonly text?: string
  readonly metadata?: Metadata
}

/** An artifact, or a chunk of one. */
export interface ArtifactResult extends Tagged<'artifact'>, ArtifactInput {}

/** Ends the turn in a state. */
export interface EndResult extends Tagged<'end'> {
  readonly state: 'completed' | 'input-required' | 'auth-required' | 'rejected' | 'failed'
  /** Ends the turn although it is yielded: a middleware passes on what the handler has returned. */
  readonly last?: true
  readonly parts?: readonly PartJson[]
  readonly metadata?: Metadata
}

/** Answers with a Message and no task. */
export interface MessageResult extends Tagged<'message'> {
  readonly parts: readonly PartJson[]
  readonly metadata?: Metadata
}

/** All that a handler may return or yield. */
export type Result = string | TextResult | StatusResult | ArtifactResult | EndResult | MessageResult

/** An artifact, or a chunk of one (A2A 1.0, section 4.1.7). */
export interface ArtifactInput<Meta extends object = Metadata> extends MetadataOption<Meta> {
  /** Unique within the task. Default: made from task, turn and order, so that a retry replaces the same artifact. */
  readonly artifactId?: string
  readonly name?: string
  readonly description?: string
  /** ProtoJSON parts, at least one. */
  readonly parts: readonly PartJson[]
  /** Adds the parts to the artifact with this id, if there is one. Default false: begins or replaces it. */
  readonly append?: boolean
  /**
   * No further chunk of this artifact follows. Default: true without an `artifactId`, and for one that is returned; for any
   * other that is open at the end of the task, a last chunk without content says so when the artifact ends in text.
   */
  readonly lastChunk?: boolean
  readonly extensions?: readonly string[]
}

export interface MetadataOption<Meta extends object = Metadata> {
  readonly metadata?: Metadata | (Meta & Jsonable<Meta>)
}

/** A chunk of the turn's text artifact; the same as the bare string. */
export function text(text: string): TextResult {
  return Object.freeze({ [TAG]: 'text' as const, text })
}

/**
 * WORKING, with a message when there is text. Yield it: one that is returned is shown, and then the task ends COMPLETED
 * without a message.
 *
 * @param metadata of the status event
 */
export function status<Meta extends object>(text?: string, { metadata }: MetadataOption<Meta> = {}): StatusResult {
  return Object.freeze({ [TAG]: 'status' as const, ...defined({ text, metadata: metadata as Metadata | undefined }) })
}

/** An artifact, or with `append` a further chunk of one. */
export function artifact<Meta extends object>(input: ArtifactInput<Meta>): ArtifactResult {
  return Object.freeze({ [TAG]: 'artifact' as const, ...(input as ArtifactInput) })
}

/**
 * An artifact of one file.
 *
 * @param content the bytes, or the URL where the file is
 * @param mediaType IANA media type, such as `application/pdf`
 * @throws A2AError INVALID_AGENT_RESPONSE the content is neither
 */
export function file(
  name: string,
  content: Uint8Array | ArrayBuffer | URL | string,
  mediaType?: string,
): ArtifactResult {
  const bytes = content instanceof ArrayBuffer ? new Uint8Array(content) : content
  const where = bytes instanceof Uint8Array ? { raw: toBase64(bytes) } : { url: urlOf(name, bytes) }
  return artifact({ name, parts: [{ ...where, filename: name, ...defined({ mediaType }) }] })
}

function urlOf(name: string, content: unknown): string {
  const url = content instanceof URL ? content.href : content
  // Many a sentence with a colon is a URL to the parser.
  if (typeof url === 'string' && !/\s/.test(url) && URL.canParse(url)) return url
  throw handlerFault(
    'INVALID_AGENT_RESPONSE',
    `file(${JSON.stringify(name)}) needs bytes or a URL; for a text pass bytes, e.g. new TextEncoder().encode(text)`,
  )
}

/** An artifact of one JSON value, which may be of an interface of one's own. */
export function data<Value extends object | string | number | boolean | null>(
  value: JsonValue | (Value & Jsonable<Value>),
  { name }: { readonly name?: string } = {},
): ArtifactResult {
  return artifact({ ...defined({ name }), parts: [{ data: value as JsonValue }] })
}

/** Ends the task COMPLETED, with this as the status message when given. */
export function complete<Meta extends object>(
  content?: string | readonly PartJson[],
  options: MetadataOption<Meta> = {},
): EndResult {
  return end('completed', content, options)
}

/** Ends the turn INPUT_REQUIRED: the caller's next message continues the task. */
export function inputRequired<Meta extends object>(
  content?: string | readonly PartJson[],
  options: MetadataOption<Meta> = {},
): EndResult {
  return end('input-required', content, options)
}

/**
 * AUTH_REQUIRED. Returned: ends the turn. Yielded: shows the state and the handler goes on, for credentials that come
 * out of band.
 */
export function authRequired<Meta extends object>(
  content?: string | readonly PartJson[],
  options: MetadataOption<Meta> = {},
): EndResult {
  return end('auth-required', content, options)
}

/** Ends the task REJECTED: the agent will not do it. */
export function reject<Meta extends object>(
  content?: string | readonly PartJson[],
  options: MetadataOption<Meta> = {},
): EndResult {
  return end('rejected', content, options)
}

/** Ends the task FAILED, with a text the caller may see. Something that broke is better thrown: that is retried. */
export function fail<Meta extends object>(
  content?: string | readonly PartJson[],
  options: MetadataOption<Meta> = {},
): EndResult {
  return end('failed', content, options)
}

/**
 * Answers with a Message and no task: only as the one and only result, and only for an agent with `answers: 'message'`
 * or `'either'`.
 */
export function message<Meta extends object>(
  content: string | readonly PartJson[],
  { metadata }: MetadataOption<Meta> = {},
): MessageResult {
  const parts = typeof content === 'string' ? [{ text: content }] : content
  return Object.freeze({ [TAG]: 'message' as const, parts, ...defined({ metadata: metadata as Metadata | undefined }) })
}

/** The low-level door: an event of the protocol, as ProtoJSON. Ids of task and context are filled in. */
export type EmittedEvent = Pick<StreamResponseJson, 'statusUpdate' | 'artifactUpdate'>

/** Results other than the bare string. */
export type TaggedResult = Exclude<Result, string>

/** The result in its tagged form, or undefined for a value that is none. */
export function toResult(value: unknown): TaggedResult | undefined {
  if (typeof value === 'string') return text(value)
  return typeof value === 'object' && value !== null && TAG in value ? (value as TaggedResult) : undefined
}

function end(
  state: EndResult['state'],
  content: string | readonly PartJson[] | undefined,
  { metadata }: MetadataOption<object>,
): EndResult {
  const parts = typeof content === 'string' ? [{ text: content }] : content
  return Object.freeze({
    [TAG]: 'end' as const,
    state,
    ...defined({ parts, metadata: metadata as Metadata | undefined }),
  })
}

/** The object without its undefined values. */
function defined<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const out: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(object)) if (value !== undefined) out[key] = value
  return out as { [K in keyof T]?: Exclude<T[K], undefined> }
}

function toBase64(bytes: Uint8Array): string {
  // Where it is there, it is a hundred times as fast.
  const { Buffer: native } = globalThis as { Buffer?: typeof Buffer }
  if (native !== undefined) return native.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
  let binary = ''
  for (let i = 0; i < bytes.length; i += 0x8000) binary += String.fromCharCode(...bytes.subarray(i, i + 0x8000))
  return btoa(binary)
}
