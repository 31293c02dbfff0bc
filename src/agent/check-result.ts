/**
 * What is wrong with what an agent gives, where its types were not asked: JavaScript, casts, data from elsewhere. What
 * passes here is valid ProtoJSON, so that the task can be read on every wire.
 */
import type {
  ArtifactJson,
  MessageJson,
  PartJson,
  TaskArtifactUpdateEventJson,
  TaskStatusJson,
  TaskStatusUpdateEventJson,
} from '../../gen/lf/a2a/v1/a2a_pb.js'
import { MAX_JSON_DEPTH } from '../a2a/json-limits.js'
import { isInterrupted, isTerminal } from '../a2a/state.js'
import { notKeepable } from './journal-value.js'
import { type ArtifactInput, type EmittedEvent, TAG, type TaggedResult } from './result.js'

/** A sentence that goes on after "a file() ", or undefined when nothing is wrong. */
export function resultProblem(result: TaggedResult): string | undefined {
  switch (result[TAG]) {
    case 'text':
      return typeof result.text === 'string' ? undefined : 'without a string'
    case 'status':
      return statusProblem(result)
    case 'artifact':
      return artifactProblem(result, ARTIFACT_INPUT)
    case 'message':
      return contentProblem(result)
    case 'end':
      return result.parts === undefined ? metadataProblem(result.metadata) : contentProblem(result)
    default:
      return undefined
  }
}

/** A sentence that goes on after "an event ", or undefined when nothing is wrong. */
export function eventProblem(event: EmittedEvent): string | undefined {
  const { statusUpdate, artifactUpdate } = event ?? {}
  if ((statusUpdate === undefined) === (artifactUpdate === undefined)) {
    return 'that is neither a statusUpdate nor an artifactUpdate alone'
  }
  if (artifactUpdate !== undefined) {
    const { artifact } = artifactUpdate
    if (typeof artifact?.artifactId !== 'string' || artifact.artifactId === '') return 'without artifact.artifactId'
    return fieldsProblem(artifactUpdate, ARTIFACT_UPDATE) ?? artifactProblem(artifact, ARTIFACT)
  }
  const { status } = statusUpdate ?? {}
  const { state, message } = status ?? {}
  if (state !== 'TASK_STATE_WORKING' && !isTerminal(state) && !isInterrupted(state)) {
    return `with the state ${String(state)}, which an agent cannot set`
  }
  const bad = fieldsProblem(statusUpdate, STATUS_UPDATE) ?? fieldsProblem(status, STATUS, 'status.')
  if (bad !== undefined || message === undefined) return bad
  return fieldsProblem(message, MESSAGE, 'status.message.') ?? partsProblem(message.parts)
}

/** A sentence that goes on after the name of what has these parts, or undefined when nothing is wrong. */
export function partsProblem(parts: unknown): string | undefined {
  if (!Array.isArray(parts) || parts.length === 0) return 'without parts'
  for (const [index, part] of parts.entries()) {
    const at = `parts[${index}]`
    const given = isRecord(part) ? CONTENTS.filter((name) => part[name] !== undefined) : []
    if (given.length !== 1) return `whose ${at} has not exactly one of ${CONTENTS.join(', ')}`
    const problem = fieldsProblem(part, PART, `${at}.`)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** Why a value does not fit, in words that follow its place; undefined when it does. */
type Kind = (value: unknown) => string | undefined
type Fields<Of> = { readonly [Name in keyof Required<Of>]: Kind }

/** How deep data and metadata may be nested: as deep as in a request, so that every decoder takes them. */
const MAX_DATA_DEPTH = MAX_JSON_DEPTH - 4
/** Standard or URL-safe, with or without padding. */
const BASE64 = /^[\w+/-]*={0,2}$/

const KINDS = {
  string: (value) => (typeof value === 'string' ? undefined : 'is no string'),
  boolean: (value) => (typeof value === 'boolean' ? undefined : 'is no boolean'),
  strings: (value) =>
    Array.isArray(value) && value.every((each) => typeof each === 'string') ? undefined : 'is no array of strings',
  base64: (value) => (typeof value !== 'string' ? 'is no string' : isBase64(value) ? undefined : 'is no base64'),
  json: (value) => notKeepable(value, MAX_DATA_DEPTH),
  object: (value) => (isRecord(value) ? notKeepable(value, MAX_DATA_DEPTH) : 'is no object'),
  /** Looked at by itself. */
  other: () => undefined,
} satisfies Record<string, Kind>

const CONTENTS = ['text', 'raw', 'url', 'data'] as const

const PART: Fields<PartJson> = {
  text: KINDS.string,
  raw: KINDS.base64,
  url: KINDS.string,
  data: KINDS.json,
  metadata: KINDS.object,
  filename: KINDS.string,
  mediaType: KINDS.string,
}
const ARTIFACT: Fields<ArtifactJson> = {
  artifactId: KINDS.string,
  name: KINDS.string,
  description: KINDS.string,
  parts: KINDS.other,
  metadata: KINDS.object,
  extensions: KINDS.strings,
}
const ARTIFACT_INPUT: Fields<ArtifactInput> = { ...ARTIFACT, append: KINDS.boolean, lastChunk: KINDS.boolean }
const ARTIFACT_UPDATE: Fields<TaskArtifactUpdateEventJson> = {
  taskId: KINDS.string,
  contextId: KINDS.string,
  artifact: KINDS.other,
  append: KINDS.boolean,
  lastChunk: KINDS.boolean,
  metadata: KINDS.object,
}
const STATUS: Fields<TaskStatusJson> = { state: KINDS.string, message: KINDS.other, timestamp: KINDS.other }
const STATUS_UPDATE: Fields<TaskStatusUpdateEventJson> = {
  taskId: KINDS.string,
  contextId: KINDS.string,
  status: KINDS.other,
  metadata: KINDS.object,
}
const MESSAGE: Fields<MessageJson> = {
  messageId: KINDS.string,
  contextId: KINDS.string,
  taskId: KINDS.string,
  role: KINDS.string,
  parts: KINDS.other,
  metadata: KINDS.object,
  extensions: KINDS.strings,
  referenceTaskIds: KINDS.strings,
}

/** @param prefix of the places that are named */
function fieldsProblem(given: unknown, fields: Readonly<Record<string, Kind>>, prefix = ''): string | undefined {
  if (!isRecord(given)) return `whose ${prefix.replace(/\.$/, '')} is no object`
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue
    const kind = Object.hasOwn(fields, name) ? fields[name] : undefined
    const problem = kind === undefined ? 'is no field of the protocol' : kind(value)
    if (problem !== undefined) return `whose ${prefix}${name} ${problem}`
  }
  return undefined
}

function statusProblem({ text, metadata }: { readonly text?: unknown; readonly metadata?: unknown }) {
  return fieldsProblem({ text, metadata }, { text: KINDS.string, metadata: KINDS.object })
}

function contentProblem({ parts, metadata }: { readonly parts?: unknown; readonly metadata?: unknown }) {
  return partsProblem(parts) ?? metadataProblem(metadata)
}

function metadataProblem(metadata: unknown): string | undefined {
  return fieldsProblem({ metadata }, { metadata: KINDS.object })
}

function artifactProblem(artifact: ArtifactInput | ArtifactJson, fields: Readonly<Record<string, Kind>>) {
  if (artifact.artifactId === '') return 'with an empty artifactId'
  return partsProblem(artifact.parts) ?? fieldsProblem(artifact, fields)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isBase64(text: string): boolean {
  if (!BASE64.test(text)) return false
  const padding = text.indexOf('=', text.length - 2)
  return (padding < 0 ? text.length : padding) % 4 !== 1
}
