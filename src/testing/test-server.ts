/** A real port over the memory engine: for tests of what talks to an agent over a wire. */
import { agentDirectory } from '../agent/agent-definition.js'
import { type AgentSource, agentDefinition } from '../agent/class/agent-class.js'
import { type Middleware, withMiddleware } from '../agent/middleware.js'
import { type Logger, silentLogger } from '../internal/logger.js'

/** What the test server serves. */
export interface TestServerOptions {
  /** What `agent()` returns, or instances of classes that extend `Agent`. */
  readonly agents: readonly AgentSource[]
  /** Code around every handler of every agent, as in `serve()`. */
  readonly use?: readonly Middleware[]
  /** Default 0: the system chooses a free one. */
  readonly port?: number
  /** Default: nothing is logged. */
  readonly logger?: Logger
}

/** A server on a free port, with the memory engine. */
export interface TestServer {
  readonly port: number
  /** The base of all URLs on the cards; an agent is at `<url>/agents/<id>`. */
  readonly url: string
  /** Ends streams, closes the port, forgets all tasks. Safe to call twice. */
  stop(): Promise<void>
}

/**
 * Serves agents on this machine's loopback address, on all protocols, in real time and without Temporal: tasks are gone when
 * it stops.
 *
 * @throws AgentDefinitionError agents that contradict each other
 */
export async function startTestServer(options: TestServerOptions): Promise<TestServer> {
  const [{ createServer }, { MemoryEngine }, { InProcessBus }, { RemoteCalls }, { randomSecret }] = await Promise.all([
    import('../server/create-server.js'),
    import('../engine/memory/memory-engine.js'),
    import('../bus/in-process-bus.js'),
    import('../remote/remote-calls.js'),
    import('../server/secrets.js'),
  ])
  const { use = [], port = 0, logger = silentLogger } = options
  const agents = options.agents.map((source) => withMiddleware(agentDefinition(source), use))
  const engine = new MemoryEngine({
    agents: agentDirectory(agents),
    bus: new InProcessBus(),
    logger,
    remoteCalls: new RemoteCalls(),
  })
  const server = await createServer({ agents, engine, logger, port, secret: randomSecret() })
  let stopped: Promise<void> | undefined
  const stop = () => {
    stopped ??= server.stop().then(() => engine.close())
    return stopped
  }
  return { port: server.port, url: server.url, stop }
}
