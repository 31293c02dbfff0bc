/** `ctx.state` as an author sees it: what an agent remembers between its turns, and what says of which type it is. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { StateScope } from '../task/state-record.js'
import { issuesText } from './schema-issues.js'

/**
 * What an agent remembers in one scope: JSON by key. It is read at the first use in a turn, and what a turn changes is kept
 * together with the turn's result: all of it, once, or nothing when the turn fails, is rejected or canceled. When another
 * turn has changed it meanwhile, the handler runs again, with the state as it is then and the outcomes of its steps.
 *
 * Not to be used inside of steps: a step that has run does not run again.
 */
export interface State<Shape extends object = StateShape> {
  /** Everything, as the schema gives it. A change of the returned object changes nothing. */
  get(): Promise<Shape>
  /** The value of a key; undefined when it has none. */
  get<Key extends keyof Shape & string>(key: Key): Promise<Shape[Key]>
  /**
   * @param value JSON
   * @throws StateError it does not fit the schema, is no JSON, or the state would be too large
   */
  set<Key extends keyof Shape & string>(key: Key, value: Shape[Key]): Promise<void>
  /** Several keys at once. A key whose value is undefined is deleted. */
  set(values: Partial<Shape>): Promise<void>
  /**
   * Changes what is there.
   *
   * @param change gets everything and gives back the keys that change; not async
   * @returns everything, as it is then
   * @throws StateError as {@link State.set} does
   */
  update(change: (state: Shape) => Partial<Shape>): Promise<Shape>
  /** The same with the value of one key. */
  update<Key extends keyof Shape & string>(key: Key, change: (value: Shape[Key]) => Shape[Key]): Promise<Shape[Key]>
  /** True when the key had a value. */
  delete(key: keyof Shape & string): Promise<boolean>
  /** Deletes all keys. */
  clear(): Promise<void>
  /** Whether the key was set; a default of the schema does not count. */
  has(key: keyof Shape & string): Promise<boolean>
}

/** State without a schema. */
export type StateShape = Readonly<Record<string, unknown>>

/** Any [Standard Schema](https://standardschema.dev) of an object that takes `{}`: what there is before anything is kept. */
export type StateSchema = StandardSchemaV1<unknown, object>

/** Schemas by scope. */
export type StateSchemas = { readonly [Scope in StateScope]?: StateSchema }

/** `state` of an agent: the schema of its context's state, or schemas by scope. */
export type StateOption = StateSchema | StateSchemas

/** The type of a scope's values. */
export type ShapeOf<Option, Scope extends StateScope> = Option extends StateSchema
  ? Scope extends 'context'
    ? StandardSchemaV1.InferOutput<Option>
    : StateShape
  : Option extends { readonly [Key in Scope]: infer Schema extends StateSchema }
    ? StandardSchemaV1.InferOutput<Schema>
    : StateShape

/** `ctx.state`: the state of the context; and besides it those of the caller and of the agent as a whole. */
export interface AgentState<Option = undefined> extends State<ShapeOf<Option, 'context'>> {
  /** Of all conversations with this caller. */
  readonly caller: State<ShapeOf<Option, 'caller'>>
  /** Of all conversations with all callers of a tenant. */
  readonly agent: State<ShapeOf<Option, 'agent'>>
}

/** State that cannot be kept, or not be read: says which agent, scope and key, and what to do. It is not tried again. */
export class StateError extends Error {
  override readonly name = 'StateError'
  readonly agentId: string
  readonly scope: StateScope
  /** The key that it is about; undefined: all of them. */
  readonly key: string | undefined

  constructor(agentId: string, scope: StateScope, key: string | undefined, what: string) {
    super(`Agent ${agentId}, state of its ${scope}${key === undefined ? '' : `, key ${JSON.stringify(key)}`}: ${what}`)
    this.agentId = agentId
    this.scope = scope
    this.key = key
  }
}

const SCOPES: ReadonlySet<string> = new Set<StateScope>(['context', 'caller', 'agent'])

export function stateSchemas(option: StateOption | undefined): StateSchemas {
  if (option === undefined) return {}
  return isSchema(option) ? { context: option } : (option as StateSchemas)
}

/** What cannot be right about the `state` of an agent; undefined when nothing is wrong. */
export function stateProblem(option: StateOption | undefined, run: string): string | undefined {
  if (option === undefined) return undefined
  if (run !== 'durable') return `state is kept with durable turns only, but run is '${run}'; leave one of them out`
  if (typeof option !== 'object' && typeof option !== 'function') return notSchema('state', option)
  for (const [scope, schema] of Object.entries(stateSchemas(option))) {
    if (!SCOPES.has(scope))
      return `state has no scope ${JSON.stringify(scope)}; its scopes are context, caller and agent`
    if (schema === undefined) continue
    if (!isSchema(schema)) return notSchema(`state.${scope}`, schema)
    const problem = emptyProblem(schema)
    if (problem !== undefined) {
      return `state.${scope} does not take {}, which is what there is at first (${problem}); give its keys defaults, or make them optional`
    }
  }
  return undefined
}

export function isSchema(value: unknown): value is StateSchema {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null || !('~standard' in value))
    return false
  return typeof (value as StateSchema)['~standard']?.validate === 'function'
}

function notSchema(name: string, given: unknown): string {
  return `${name} must be a Standard Schema of an object, such as z.object({ … }), not ${given === null ? 'null' : typeof given}`
}

/** A schema that answers later is asked when it is used. */
function emptyProblem(schema: StateSchema): string | undefined {
  const result = schema['~standard'].validate({})
  if (result instanceof Promise) {
    result.catch(() => {})
    return undefined
  }
  if (result.issues !== undefined) return issuesText(result.issues)
  return isObject(result.value) ? undefined : 'it makes something else of it than an object'
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
