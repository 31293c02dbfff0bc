/** What is wrong with what an agent gives, where its types were not asked: JavaScript, casts, data from elsewhere. */
import type { PartJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { isInterrupted, isTerminal } from '../a2a/state.js'
import { type EmittedEvent, TAG, type TaggedResult } from './result.js'

/** A sentence that goes on after "a file() ", or undefined when nothing is wrong. */
export function resultProblem(result: TaggedResult): string | undefined {
  switch (result[TAG]) {
    case 'text':
      return typeof result.text === 'string' ? undefined : 'without a string'
    case 'artifact':
      return artifactProblem(result)
    case 'message':
      return partsProblem(result.parts)
    case 'end':
      return result.parts === undefined ? undefined : partsProblem(result.parts)
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
    return artifactProblem(artifact)
  }
  const { state, message } = statusUpdate?.status ?? {}
  if (state !== 'TASK_STATE_WORKING' && !isTerminal(state) && !isInterrupted(state)) {
    return `with the state ${String(state)}, which an agent cannot set`
  }
  return message === undefined ? undefined : partsProblem(message.parts)
}

function artifactProblem({
  parts,
  artifactId,
}: {
  parts?: readonly PartJson[]
  artifactId?: string
}): string | undefined {
  if (artifactId === '') return 'with an empty artifactId'
  return partsProblem(parts)
}

const CONTENTS = ['text', 'raw', 'url', 'data'] as const

function partsProblem(parts: unknown): string | undefined {
  if (!Array.isArray(parts) || parts.length === 0) return 'without parts'
  for (const [index, part] of parts.entries()) {
    const given = typeof part === 'object' && part !== null ? CONTENTS.filter((name) => part[name] !== undefined) : []
    if (given.length !== 1) return `whose parts[${index}] has not exactly one of ${CONTENTS.join(', ')}`
    const [content] = given
    if (content !== 'data' && typeof part[content as string] !== 'string') {
      return `whose parts[${index}].${content} is no string`
    }
  }
  return undefined
}
