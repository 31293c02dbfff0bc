/**
 * Holds our schemas to the public definitions of A2A 1.0 and 0.3.
 *
 * The facts were written down from the protocol, not printed from our descriptors. Comments, and the order of
 * declarations, are free; everything a peer can see on the wire is not.
 */
import { describe, expect, it } from 'vitest'
import { file_a2a_v1_a2a } from '../../gen/a2a/v1/a2a_pb.js'
import { file_lf_a2a_v1_a2a } from '../../gen/lf/a2a/v1/a2a_pb.js'
import v1Facts from './a2a-facts.json' with { type: 'json' }
import v03Facts from './a2a-v0-3-facts.json' with { type: 'json' }
import { differences, factsOfDescriptor } from './facts.js'

describe.each([
  ['lf.a2a.v1', v1Facts, file_lf_a2a_v1_a2a],
  ['a2a.v1', v03Facts, file_a2a_v1_a2a],
])('%s', (_, facts, file) => {
  const { enums, messages, services, ...head } = factsOfDescriptor(file)

  it('has the package, the options and the imports of the public file', () => {
    const { enums: _enums, messages: _messages, services: _services, ...wanted } = facts
    expect(differences(wanted, head)).toEqual([])
  })

  it('has the public enums with their values, and no others', () => {
    expect(differences(facts.enums, enums)).toEqual([])
  })

  it('has the public messages with their fields, and no others', () => {
    expect(differences(facts.messages, messages)).toEqual([])
  })

  it('has the public service with its methods and HTTP paths, and no others', () => {
    expect(differences(facts.services, services)).toEqual([])
  })
})

describe('differences', () => {
  it('names what is missing, what is extra and what is not the same', () => {
    const wanted = { Task: { id: { number: 1, type: 'string' }, history: { number: 5 } }, paths: ['/tasks'] }
    const found = { Task: { id: { number: 2, type: 'string' }, owner: { number: 9 } }, paths: ['/task'] }
    expect(differences(wanted, found)).toEqual([
      'Task.history: missing, expected {"number":5}',
      'Task.id.number: 2, expected 1',
      'Task.owner: {"number":9}, expected nothing',
      'paths[0]: "/task", expected "/tasks"',
    ])
  })
})
