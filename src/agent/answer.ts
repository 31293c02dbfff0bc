/** What an agent that answers with a Message gives: text, in one piece or in many, or one `message()`. */
import type { MessageJson, PartJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { wellFormed } from '../internal/well-formed.js'
import type { AgentDefinition } from './agent-definition.js'
import { describe, illegal, readResult } from './handler-results.js'
import { type Result, TAG } from './result.js'

export interface AnswerContent {
  readonly parts: readonly PartJson[]
  readonly metadata?: NonNullable<MessageJson['metadata']>
}

export class AnswerCollector {
  private readonly agent: AgentDefinition
  private text = ''
  private whole: AnswerContent | undefined

  constructor(agent: AgentDefinition) {
    this.agent = agent
  }

  /** @throws A2AError INVALID_AGENT_RESPONSE the agent gave what is no part of a Message */
  readonly take = (given: Result | undefined, last: boolean): void => {
    const result = readResult(this.agent.id, given, last)
    if (result === undefined) return
    if (this.whole !== undefined) throw illegal(this.agent.id, `gave ${describe(given)} after its final result`)
    if (result[TAG] === 'text') {
      this.text += result.text
    } else if (result[TAG] === 'message' && this.text === '') {
      const { parts, metadata } = result
      this.whole = { parts, ...(metadata === undefined ? {} : { metadata }) }
    } else {
      throw illegal(
        this.agent.id,
        `gave ${describe(given)}, but it declares answers: 'message': text or one message() is all it may give`,
      )
    }
  }

  get content(): AnswerContent {
    return wellFormed(this.whole ?? { parts: [{ text: this.text }] })
  }
}
