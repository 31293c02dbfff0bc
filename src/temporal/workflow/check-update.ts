/**
 * What a `message` update must look like. Gateways send nothing else, but anybody in the namespace can send updates, and a
 * message that some wire cannot carry would make the lists of its owner unreadable there.
 */
import type { FieldViolation } from '../../a2a/errors.js'
import { idProblem } from '../../a2a/ids.js'
import { jsonProblem } from '../../a2a/json-limits.js'

/** Undefined when the value may stand in the field. */
type Check = (value: unknown, field: string) => FieldViolation | undefined
type Fields = Readonly<Record<string, Check>>

/** The first thing that is wrong, or undefined when the workflow can take the update. */
export function updateProblem(input: unknown): FieldViolation | undefined {
  return UPDATE(input, '')
}

const text = must('be a string', (value) => typeof value === 'string')
const object = must('be an object', isObject)
const texts = listOf(text)
const id: Check = (value, field) => {
  if (typeof value !== 'string') return text(value, field)
  const description = idProblem(value)
  return description === undefined ? undefined : { field, description }
}
const name: Check = (value, field) => (value === '' ? { field, description: 'is required' } : id(value, field))
const sound: Check = (value, field) => {
  const description = jsonProblem(value)
  return description === undefined ? undefined : { field, description }
}

/** The gateway has put it in place of a large value. */
const LARGE = shape({
  kind: must('be a kind of large value', oneOf(['text', 'raw', 'data', 'parts'])),
  size: must('be a size', (value) => Number.isSafeInteger(value) && (value as number) >= 0),
  pieces: listOf(must('be a hash', (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value))),
})
const CONTENTS: Fields = {
  text,
  raw: must('be base64', isBase64),
  url: text,
  data: () => undefined,
  large: LARGE,
}
const PART = all(
  only({}, { ...CONTENTS, metadata: object, filename: text, mediaType: text }),
  must(
    'have one kind of content',
    (value) => Object.keys(value as object).filter((key) => key in CONTENTS).length === 1,
  ),
)
const MESSAGE = all(
  only(
    { messageId: name, role: must('be ROLE_USER', oneOf(['ROLE_USER'])), parts: listOf(PART) },
    { contextId: id, taskId: id, metadata: object, extensions: texts, referenceTaskIds: texts },
  ),
  sound,
)
const PARAMS = shape(
  {},
  {
    metadata: all(object, sound),
    acceptedOutputModes: texts,
    extensions: texts,
    streamed: must('be true', oneOf([true])),
    roles: texts,
  },
)
const UPDATE = shape(
  { message: MESSAGE, params: PARAMS, owner: text },
  {
    key: text,
    requestHash: text,
    webhooks: must('be states, artifacts or all', oneOf(['states', 'artifacts', 'all'])),
    calledBy: shape({ key: text, at: text }),
  },
)

/** An object with these fields and no other: what the schema does not know cannot be written to a binary wire. */
function only(required: Fields, optional: Fields): Check {
  const known = new Set([...Object.keys(required), ...Object.keys(optional)])
  return all(shape(required, optional), (value, field) => {
    const unknown = Object.keys(value as object).find((key) => !known.has(key))
    return unknown === undefined ? undefined : { field: `${field}.${unknown}`, description: 'is not known' }
  })
}

/** An object with these fields, and whatever a newer gateway says besides. */
function shape(required: Fields, optional: Fields = {}): Check {
  const known = new Map(Object.entries({ ...required, ...optional }))
  return (value, field) => {
    if (!isObject(value)) return object(value, field)
    const inside = (key: string) => (field === '' ? key : `${field}.${key}`)
    for (const key of Object.keys(required)) {
      if (value[key] === undefined) return { field: inside(key), description: 'is required' }
    }
    for (const [key, each] of Object.entries(value)) {
      const problem = known.get(key)?.(each, inside(key))
      if (problem !== undefined) return problem
    }
    return undefined
  }
}

function listOf(item: Check): Check {
  return (value, field) => {
    if (!Array.isArray(value)) return { field, description: 'must be an array' }
    for (const [index, each] of value.entries()) {
      const problem = item(each, `${field}[${index}]`)
      if (problem !== undefined) return problem
    }
    return undefined
  }
}

function all(...checks: readonly Check[]): Check {
  return (value, field) => {
    for (const check of checks) {
      const problem = check(value, field)
      if (problem !== undefined) return problem
    }
    return undefined
  }
}

function must(what: string, holds: (value: unknown) => boolean): Check {
  return (value, field) => (holds(value) ? undefined : { field, description: `must ${what}` })
}

function oneOf(values: readonly unknown[]): (value: unknown) => boolean {
  return (value) => values.includes(value)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** In normal form, as gateways write it, or as handlers may: padding is not needed. */
function isBase64(value: unknown): boolean {
  return (
    typeof value === 'string' && /^[A-Za-z0-9+/_-]*={0,2}$/.test(value) && value.replace(/=+$/, '').length % 4 !== 1
  )
}
