/** What a class may say of its methods. Checked by `npm run check`. */
import {
  Agent,
  type AgentContext,
  capability,
  type Message,
  messageHandler,
  Response,
  rateLimited,
} from '../../src/index.js'

export class Good extends Agent {
  id = 'good'
  @messageHandler()
  handle(message: Message, ctx: AgentContext) {
    return `${message.text} ${ctx.turn}`
  }
  @capability('many', { tags: ['x'] })
  async *many() {
    yield Response.partial('a')
    return Response.needInput('b')
  }
  @capability('nothing')
  async nothing() {}
}

export class Bad extends Agent {
  id = 'bad'
  // @ts-expect-error a number is no result
  @messageHandler()
  number() {
    return 7
  }
  // @ts-expect-error nor is one that is yielded
  @capability('yields')
  async *yields() {
    yield 7
  }
  // @ts-expect-error a handler is given a Message and a context, nothing else
  @capability('takes')
  takes(_message: Message, _ctx: AgentContext, _more: string) {}
  // @ts-expect-error only methods handle messages
  @messageHandler()
  field = 1
  // @ts-expect-error units are known by name
  @rateLimited({ perWeek: 1 })
  @capability('limited')
  limited() {}
}

// @ts-expect-error an agent has an id
export class Nameless extends Agent {}

export class Mistyped extends Agent {
  id = 'mistyped'
  // @ts-expect-error fields are those of agent()
  override deadlineMs = 'soon'
}
