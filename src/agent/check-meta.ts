/** Names, enums and shapes of what an agent says of itself, where its types were not asked. */
import type { AgentMeta } from './agent-definition.js'
import type { RetryPolicy } from './retry-policy.js'
import type { SkillMeta } from './skills.js'

/** What cannot be right, in words that follow the agent's name; undefined when nothing is wrong. */
export function metaProblem(meta: AgentMeta): string | undefined {
  return optionsProblem('', META, meta) ?? skillsProblem(meta.skills)
}

/** What a value has to be, in words that follow "must be"; undefined when it is that. */
type Check = (value: unknown) => string | undefined
type Options<Of> = { readonly [Name in keyof Required<Of>]: Check }

const text: Check = (value) => (typeof value === 'string' ? undefined : 'a string')
const yesOrNo: Check = (value) => (typeof value === 'boolean' ? undefined : 'true or false')
const list: Check = (value) => (Array.isArray(value) ? undefined : 'an array')
const texts: Check = (value) =>
  Array.isArray(value) && value.every((each) => typeof each === 'string') ? undefined : 'an array of strings'
const object: Check = (value) => (isObject(value) ? undefined : 'an object')
/** Looked at where it is used. */
const elsewhere: Check = () => undefined

function oneOf(...values: readonly string[]): Check {
  return (value) => (values.includes(value as string) ? undefined : `one of ${values.join(', ')}`)
}

const META: Options<AgentMeta> = {
  id: text,
  name: text,
  description: text,
  version: text,
  skills: (value) => (Array.isArray(value) || isObject(value) ? undefined : 'an object of skills by id, or an array'),
  inputModes: texts,
  outputModes: texts,
  capabilities: object,
  extendedCard: (value) => (typeof value === 'function' || isObject(value) ? undefined : 'an object or a function'),
  securitySchemes: object,
  securityRequirements: list,
  extensions: (value) => (Array.isArray(value) && value.every(isObject) ? undefined : 'an array of objects { uri }'),
  provider: object,
  documentationUrl: text,
  iconUrl: text,
  answers: oneOf('task', 'message', 'either'),
  run: oneOf('durable', 'inline', 'direct'),
  retry: object,
  deadlineMs: elsewhere,
  idleTimeoutMs: elsewhere,
  history: elsewhere,
  rateLimits: (value) => (Array.isArray(value) || isObject(value) ? undefined : 'an object such as { perMinute: 60 }'),
  state: elsewhere,
  use: list,
  default: yesOrNo,
}

const CAPABILITIES: Options<NonNullable<AgentMeta['capabilities']>> = {
  streaming: yesOrNo,
  pushNotifications: yesOrNo,
  extendedCard: yesOrNo,
}

const RETRY: Options<RetryPolicy> = { maxAttempts: elsewhere, initialIntervalMs: elsewhere, maxIntervalMs: elsewhere }

const SKILL: Options<SkillMeta> = {
  id: elsewhere,
  name: text,
  description: text,
  tags: texts,
  examples: texts,
  inputModes: texts,
  outputModes: texts,
  securityRequirements: list,
  handler: elsewhere,
  history: elsewhere,
  rateLimits: META.rateLimits,
}

const INSIDE: Readonly<Record<string, Readonly<Record<string, Check>>>> = { capabilities: CAPABILITIES, retry: RETRY }

function optionsProblem(at: string, options: Readonly<Record<string, Check>>, given: object): string | undefined {
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue
    const place = `${at}${name}`
    if (!Object.hasOwn(options, name)) {
      return `there is no option ${place}${meant(name, Object.keys(options))}`
    }
    const wanted = options[name]?.(value)
    if (wanted !== undefined) return `${place} must be ${wanted}, not ${shown(value)}`
    const inside = at === '' ? INSIDE[name] : undefined
    const problem = inside === undefined ? undefined : optionsProblem(`${place}.`, inside, value as object)
    if (problem !== undefined) return problem
  }
  return undefined
}

function skillsProblem(skills: AgentMeta['skills']): string | undefined {
  for (const [key, skill] of Object.entries(skills ?? {})) {
    const place = `skills[${Array.isArray(skills) ? key : JSON.stringify(key)}]`
    if (!isObject(skill)) return `${place} must be an object, not ${shown(skill)}`
    const problem = optionsProblem(`${place}.`, SKILL, skill)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** The option that was meant, when all that differs is case or an ending; else all there are. */
function meant(name: string, options: readonly string[]): string {
  const [given, ...rest] = [name, ...options].map((each) => each.toLowerCase())
  const found = options.filter((_, i) => rest[i]?.startsWith(given ?? '') || given?.startsWith(rest[i] ?? ''))
  return found.length === 1 ? `; did you mean ${found[0]}?` : `; the options are ${options.join(', ')}`
}

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : value === null ? 'null' : typeof value
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
