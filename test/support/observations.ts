/** Which test has called which operation over which wire. */
import { expect } from 'vitest'
import type { Operation, Wire } from './wire.js'

/** A call that a test has made. */
export interface Observation {
  readonly operation: string
  readonly wire: string
  readonly file: string
  readonly test: string
  /** It was answered, and not with an error. */
  readonly ok: boolean
}

const observations = new Map<string, Observation>()

const ROOT = new URL('../..', import.meta.url).pathname

/** For what does not go over a {@link Wire}. */
export function observe(wire: string, operation: string, ok: boolean): void {
  const { testPath, currentTestName: test } = expect.getState()
  if (testPath === undefined || test === undefined || test === '') return
  const file = testPath.replace(ROOT, '')
  const key = JSON.stringify([wire, operation, test])
  if (observations.get(key)?.ok === true) return
  observations.set(key, { operation, wire, file, test, ok })
}

/** The calls that the tests of this file have made so far. */
export function observed(): Observation[] {
  return [...observations.values()]
}

/** As the schema has it. */
export function schemaName(operation: string): string {
  return `${operation[0]?.toUpperCase()}${operation.slice(1)}`
}

/** The same wire, watched. */
export function observedWire(name: string, wire: Wire): Wire {
  // Older versions have no ListTasks; what the tests call there is that of 1.0.
  const note = (operation: Operation, ok: boolean) => {
    if (operation !== 'listTasks' || !/-0\.\d$/.test(name)) observe(name, schemaName(operation), ok)
  }
  return {
    name: wire.name,
    async call(operation, request, options) {
      note(operation, false)
      const answer = await wire.call(operation, request, options)
      note(operation, true)
      return answer
    },
    async *stream(operation, request, options) {
      note(operation, false)
      for await (const event of wire.stream(operation, request, options)) {
        note(operation, true)
        yield event
      }
    },
  }
}
