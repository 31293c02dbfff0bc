/** Knows, for code that a handler runs, whether it runs inside the work of a step. */
import { AsyncLocalStorage } from 'node:async_hooks'

const scope = new AsyncLocalStorage<string>()

/** Runs the work of the step of this name. */
export function insideStep<Value>(name: string, work: () => Promise<Value>): Promise<Value> {
  return scope.run(name, work)
}

/** Name of the step that this code runs inside of; undefined outside of all. */
export function currentStep(): string | undefined {
  return scope.getStore()
}
