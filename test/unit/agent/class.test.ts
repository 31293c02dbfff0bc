import { describe, expect, it } from 'vitest'
import {
  Agent,
  type AgentContext,
  type AgentDefinition,
  AgentDefinitionError,
  agent,
  agentDefinition,
  capability,
  contextAware,
  data,
  fail,
  file,
  type Handler,
  inputRequired,
  Message,
  type Middleware,
  messageHandler,
  Response,
  rateLimited,
  reject,
  status,
  streamingHandler,
  type TurnContext,
} from '../../../src/index.js'
import { runOnce } from '../../support/run-turn.js'

const timed: Middleware = (_message, _ctx, next) => next()
const said = (message: { text: string }, ctx: TurnContext) => `${message.text} ${ctx.history.length} ${ctx.skill}`

class Plain extends Agent {
  id = 'plain'

  @messageHandler()
  handle(message: Message) {
    return `You said ${message.text}`
  }
}

class Chatting extends Agent {
  id = 'chatting'

  @streamingHandler()
  async *chat(message: Message) {
    yield Response.status('thinking')
    for (const word of message.text.split(' ')) yield Response.partial(word)
  }
}

class Full extends Agent {
  id = 'full'
  override name = 'Full'
  override description = 'All that can be said'
  override version = '1.2.3'
  override inputModes = ['text/plain']
  override outputModes = ['application/json']
  override capabilities = { streaming: false }
  override extensions = [{ uri: 'urn:x' }]
  override provider = { organization: 'o', url: 'https://o.example' }
  override documentationUrl = 'https://docs.example'
  override iconUrl = 'https://icon.example'
  override readonly answers = 'either'
  override readonly run = 'inline'
  override retry = { maxAttempts: 7, initialIntervalMs: 8, maxIntervalMs: 9 }
  override deadlineMs = 10_000
  override idleTimeoutMs = 1_000
  override history = 5
  override rateLimits = { perDay: 3 }
  override use = [timed]
  override default = true
  override skills = { weather: { tags: ['sky'] } }
  greeting = 'hello'

  @messageHandler()
  @rateLimited({ perMinute: 5, by: 'agent' })
  handle(message: Message, ctx: AgentContext) {
    return `${this.greeting} ${said(message, ctx)}`
  }

  @capability('booking', { name: 'Booking', description: 'Books', tags: ['trip'], examples: ['to Rome'] })
  @contextAware({ history: 1 })
  @rateLimited({ perSecond: 2 })
  @rateLimited({ perHour: 60 })
  book(message: Message, ctx: AgentContext) {
    return said(message, ctx)
  }

  @capability('recall')
  @contextAware({ history: 0 })
  recall(message: Message, ctx: AgentContext) {
    return said(message, ctx)
  }
}

const full = agent(
  {
    id: 'full',
    name: 'Full',
    description: 'All that can be said',
    version: '1.2.3',
    inputModes: ['text/plain'],
    outputModes: ['application/json'],
    capabilities: { streaming: false },
    extensions: [{ uri: 'urn:x' }],
    provider: { organization: 'o', url: 'https://o.example' },
    documentationUrl: 'https://docs.example',
    iconUrl: 'https://icon.example',
    answers: 'either',
    run: 'inline',
    retry: { maxAttempts: 7, initialIntervalMs: 8, maxIntervalMs: 9 },
    deadlineMs: 10_000,
    idleTimeoutMs: 1_000,
    history: 5,
    rateLimits: [{ perDay: 3 }, { perMinute: 5, by: 'agent', skill: '' }],
    use: [timed],
    default: true,
    skills: [
      { id: 'weather', tags: ['sky'] },
      {
        id: 'booking',
        name: 'Booking',
        description: 'Books',
        tags: ['trip'],
        examples: ['to Rome'],
        history: 1,
        rateLimits: [{ perHour: 60 }, { perSecond: 2 }],
        handler: said,
      },
      { id: 'recall', history: 0, handler: said },
    ],
  },
  (message, ctx) => `hello ${said(message, ctx)}`,
)

/** All of a definition but its code. */
function withoutCode({ handler, ...rest }: AgentDefinition) {
  expect(handler).toBeTypeOf('function')
  return rest
}

describe('a class', () => {
  it.each<[string, Agent, AgentDefinition]>([
    ['with a handler', new Plain(), agent({ id: 'plain' }, (message) => `You said ${message.text}`)],
    ['with a generator', new Chatting(), agent({ id: 'chatting' }, async function* () {})],
    ['with everything', new Full(), full],
  ])('%s makes the definition that agent() makes', (_, instance, definition) => {
    expect(withoutCode(agentDefinition(instance))).toEqual(withoutCode(definition))
    expect(Object.keys(agentDefinition(instance))).toEqual(Object.keys(definition))
  })

  it('handles messages as the function does, with the instance at hand', async () => {
    const history = ['1', '2', '3'].map((text) => ({ messageId: text, role: 'ROLE_USER' as const, parts: [{ text }] }))
    for (const skill of [undefined, 'weather', 'booking', 'recall']) {
      const options = { history, ...(skill === undefined ? {} : { metadata: { skill } }) }
      const byClass = await runOnce(agentDefinition(new Full()), 'hi', options)
      const byFunction = await runOnce(full, 'hi', options)
      expect(byClass.text).toBe(byFunction.text)
      expect(byClass.text).toContain({ booking: '1 booking', recall: '0 recall' }[skill ?? ''] ?? 'hello hi 3')
    }
    expect((await runOnce(agentDefinition(new Chatting()), 'a b c')).text).toBe('abc')
  })

  it('may handle streamed answers in another way', async () => {
    class Both extends Agent {
      id = 'both'

      @messageHandler()
      handle() {
        return 'whole'
      }

      @streamingHandler()
      async *chat() {
        yield 'piece by '
        yield 'piece'
      }
    }
    const both = agentDefinition(new Both())
    expect((await runOnce(both, '', { streamed: false })).text).toBe('whole')
    expect((await runOnce(both, '', { streamed: true })).text).toBe('piece by piece')
  })

  it('works without decorators', async () => {
    class Described extends Agent {
      static override handlers = {
        handle: messageHandler(),
        book: [capability('booking', { tags: ['trip'] }), contextAware({ history: 1 }), rateLimited({ perMinute: 5 })],
      }
      id = 'described'
      handle(message: Message) {
        return `handled ${message.text}`
      }
      book(message: Message) {
        return `booked ${message.text}`
      }
    }
    const described = agentDefinition(new Described())
    const handler: Handler = () => ''
    const same = agent(
      {
        id: 'described',
        skills: { booking: { tags: ['trip'], history: 1, rateLimits: { perMinute: 5 }, handler } },
      },
      handler,
    )
    expect(withoutCode(described)).toEqual(withoutCode(same))
    expect((await runOnce(described, 'it')).text).toBe('handled it')
    expect((await runOnce(described, 'it', { metadata: { skill: 'booking' } })).text).toBe('booked it')
  })

  it('inherits handlers, and may say something else of them', async () => {
    class Louder extends Plain {
      override handle(message: Message) {
        return super.handle(message).toUpperCase()
      }
    }
    class Skilled extends Plain {
      @capability('say')
      override handle(message: Message) {
        return `skill: ${message.text}`
      }
    }
    expect((await runOnce(agentDefinition(new Louder()), 'hi')).text).toBe('YOU SAID HI')
    expect(agentDefinition(new Skilled())).toMatchObject({ skillIds: ['say'], skillRequired: true })
  })

  it('keeps two instances apart', async () => {
    class Named extends Agent {
      readonly id: string
      constructor(id: string) {
        super()
        this.id = id
      }
      @messageHandler()
      handle() {
        return `I am ${this.id}`
      }
    }
    const [a, b] = [agentDefinition(new Named('a')), agentDefinition(new Named('b'))]
    expect([(await runOnce(a, '')).text, (await runOnce(b, '')).text]).toEqual(['I am a', 'I am b'])
  })
})

describe('a class that cannot work is refused', () => {
  const refused = (make: () => Agent, text: string) => {
    expect(() => agentDefinition(make())).toThrow(AgentDefinitionError)
    expect(() => agentDefinition(make())).toThrow(text)
  }

  it('without a handler', () => {
    class Empty extends Agent {
      id = 'empty'
    }
    refused(() => new Empty(), 'agent "empty" (class Empty): no method handles messages')
  })

  it('with two of a kind', () => {
    class Two extends Agent {
      id = 'two'
      @messageHandler() a() {}
      @messageHandler() b() {}
    }
    refused(() => new Two(), 'a and b are both @messageHandler()')
  })

  it('with a limit on what handles nothing', () => {
    class Idle extends Agent {
      id = 'idle'
      @messageHandler() a() {}
      @rateLimited({ perMinute: 1 }) b() {}
    }
    refused(() => new Idle(), 'agent "idle" (class Idle): b is limited, but handles nothing')
  })

  it('with a private or static handler', () => {
    expect(() => {
      class Hidden extends Agent {
        id = 'hidden'
        @messageHandler() #handle() {}
        use1 = () => this.#handle()
      }
      return Hidden
    }).toThrow('@messageHandler on #handle: it is a private method; a handler must be a public one')
    expect(() => {
      class Static extends Agent {
        id = 'static'
        @capability('x') static handle() {}
      }
      return Static
    }).toThrow('@capability on handle: it is a static method')
  })

  it('with a description of what is not there', () => {
    class Wrong extends Agent {
      static override handlers = { missing: messageHandler() }
      id = 'wrong'
    }
    refused(() => new Wrong(), 'static handlers names missing, which is no method')
  })

  it('for what agent() refuses', () => {
    class Bad extends Plain {
      override id = 'Not An Id'
    }
    refused(() => new Bad(), 'agent "Not An Id": id must be 1 to 64')
    class Twice extends Agent {
      id = 'twice'
      @capability('x') a() {}
      @capability('x') b() {}
    }
    refused(() => new Twice(), 'two skills have the id "x"')
  })
})

describe('Message', () => {
  it('gives text, files and data', () => {
    const message = new Message({
      messageId: 'm',
      metadata: { a: 1 },
      parts: [{ text: 'a' }, { text: 'b' }, { data: { n: 1 } }, { raw: 'AAE=', filename: 'x.bin' }],
    })
    expect([message.text, message.data(), message.messageId, message.metadata]).toEqual(['ab', { n: 1 }, 'm', { a: 1 }])
    expect(message.files).toEqual([{ name: 'x.bin', bytes: new Uint8Array([0, 1]) }])
    expect(message.parts).toHaveLength(4)
    expect(Message.text('hi', { skill: 'x' }).raw).toMatchObject({ role: 'ROLE_USER', metadata: { skill: 'x' } })
    expect(Message.text('hi').text).toBe('hi')
  })
})

describe('Response', () => {
  it('makes the same results as the functions', () => {
    expect(Response.needInput('Which?')).toEqual(inputRequired('Which?'))
    expect(Response.status('thinking')).toEqual(status('thinking'))
    expect(Response.data({ a: 1 })).toEqual(data({ a: 1 }))
    expect(Response.file('a', 'https://a.example')).toEqual(file('a', 'https://a.example'))
    expect([Response.fail('no'), Response.reject('no')]).toEqual([fail('no'), reject('no')])
    expect(Response.partial).toBe(Response.text)
  })
})
