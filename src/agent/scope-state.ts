/** The state of one scope within one attempt at a turn: what was read, and what the handler has made of it. */
import type { StateScope, StateSnapshot, StateValues } from '../task/state-record.js'
import { sizeProblem } from '../task/state-record.js'
import { isObject, type State, StateError, type StateSchema } from './agent-state.js'
import { notKeepable } from './journal-value.js'
import { issueKey, issuesText } from './schema-issues.js'

/** What was read, and what is there now. */
export interface StateCopy {
  readonly read: StateSnapshot
  values: StateValues
}

export interface ScopeStateHost {
  readonly agentId: string
  readonly scope: StateScope
  readonly schema: StateSchema | undefined
  /**
   * Runs one call of the author, after those before it.
   *
   * @param name as authors write it
   */
  call<Value>(name: string, work: (copy: StateCopy) => Promise<Value>): Promise<Value>
}

type Change = (state: never) => unknown

/** What is done is done one after the other, so nothing comes between reading and writing. */
export class ScopeState implements State {
  private readonly host: ScopeStateHost

  constructor(host: ScopeStateHost) {
    this.host = host
  }

  get = (key?: string): Promise<never> =>
    this.host.call('get', async (copy) => {
      const all = await this.shown(copy.values)
      return structuredClone(key === undefined ? all : own(all, key)) as never
    })

  set = (keyOrValues: string | object, value?: unknown): Promise<void> =>
    this.host.call('set', async (copy) => {
      if (typeof keyOrValues !== 'string') return this.write(copy, this.patch('set', keyOrValues))
      if (value === undefined) {
        throw this.error(keyOrValues, 'undefined cannot be kept; use delete() to remove a key')
      }
      await this.write(copy, { [keyOrValues]: value })
    })

  update = (keyOrChange: string | Change, change?: Change): Promise<never> =>
    this.host.call('update', async (copy) => {
      const key = typeof keyOrChange === 'string' ? keyOrChange : undefined
      const apply = typeof keyOrChange === 'string' ? change : keyOrChange
      if (typeof apply !== 'function') throw this.error(key, 'update() takes a function of what is there')
      const all = structuredClone(await this.shown(copy.values))
      const given = apply((key === undefined ? all : own(all, key)) as never)
      if (isThenable(given)) {
        given.then(undefined, () => {})
        throw this.error(key, 'the function given to update() must not be async; wait for what it needs before')
      }
      await this.write(copy, key === undefined ? this.patch('update', given) : { [key]: given })
      const now = await this.shown(copy.values)
      return structuredClone(key === undefined ? now : own(now, key)) as never
    })

  delete = (key: string): Promise<boolean> =>
    this.host.call('delete', async (copy) => {
      const had = Object.hasOwn(copy.values, key)
      if (had) await this.write(copy, { [key]: undefined })
      return had
    })

  clear = (): Promise<void> =>
    this.host.call('clear', async (copy) => {
      copy.values = {}
    })

  has = (key: string): Promise<boolean> => this.host.call('has', async ({ values }) => Object.hasOwn(values, key))

  private patch(name: string, given: unknown): StateValues {
    if (isObject(given)) return given
    throw this.error(
      undefined,
      `${name}() needs an object with the keys that change, not ${given === null ? 'null' : typeof given}`,
    )
  }

  /** Keys whose value is undefined go. What the schema makes of a value is what is kept. */
  private async write(copy: StateCopy, patch: StateValues): Promise<void> {
    const set = Object.entries(patch).filter(([, value]) => value !== undefined)
    for (const [key, value] of set) this.assertKeepable(key, value)
    const kept = Object.entries(copy.values).filter(([key]) => !Object.hasOwn(patch, key))
    // A copy: what the author changes in it later changes nothing.
    const values: StateValues = structuredClone(Object.fromEntries([...kept, ...set]))
    const all = await this.checked(values, 'does not fit its schema', 'give it a value that fits, or change the schema')
    const normal = set.map(([key, value]) => [key, this.normal(all, key, value)] as const)
    const next: StateValues = JSON.parse(JSON.stringify(Object.fromEntries([...kept, ...normal])))
    const problem = sizeProblem(next)
    if (problem !== undefined) {
      const keys = set.map(([key]) => key)
      throw this.error(
        keys.length === 1 ? keys[0] : undefined,
        `the state ${problem}; keep large things elsewhere, and their address here`,
      )
    }
    copy.values = next
  }

  private normal(all: object, key: string, value: unknown): unknown {
    if (this.host.schema === undefined) return value
    if (!Object.hasOwn(all, key)) throw this.error(key, 'is no key of its schema; add it there')
    const made = own(all, key)
    this.assertKeepable(key, made)
    return made
  }

  private assertKeepable(key: string, value: unknown): void {
    const problem = notKeepable(value)
    if (problem !== undefined) throw this.error(key, `the value ${problem}`)
  }

  private shown(values: StateValues): Promise<object> {
    return this.checked(
      values,
      'what is kept does not fit its schema any more',
      'let the schema take what older versions have kept, or call clear()',
    )
  }

  private async checked(values: StateValues, what: string, remedy: string): Promise<object> {
    const { schema } = this.host
    if (schema === undefined) return values
    const result = await schema['~standard'].validate(structuredClone(values))
    if (result.issues !== undefined) {
      throw this.error(issueKey(result.issues), `${what} (${issuesText(result.issues)}); ${remedy}`)
    }
    if (isObject(result.value)) return result.value
    throw this.error(undefined, 'its schema gives no object; use a schema such as z.object({ … })')
  }

  private error(key: string | undefined, what: string): StateError {
    return new StateError(this.host.agentId, this.host.scope, key, what)
  }
}

/** Never what every object has. */
function own(values: object, key: string): unknown {
  return Object.hasOwn(values, key) ? (values as StateValues)[key] : undefined
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
