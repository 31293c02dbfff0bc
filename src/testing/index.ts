/**
 * Tests of agents: no Temporal, no port, no waiting. Works under every test runner.
 *
 * @module temporal-a2a/testing
 */
import type { AgentSource } from '../agent/class/agent-class.js'
import { AgentTester } from './agent-tester.js'
import type { TestOptions } from './options.js'

export type { FakeAgent } from './fake-agents.js'
export type { CrashOptions, SendOptions, TestOptions, TestResult } from './options.js'
export { outline } from './outline.js'
export { startTestServer, type TestServer, type TestServerOptions } from './test-server.js'
export { AgentTester }

/**
 * Begins a conversation with an agent.
 *
 * @param agent what `agent()` returns, or an instance of a class that extends `Agent`
 * @throws AgentDefinitionError agents that contradict each other
 */
export function test(agent: AgentSource, options: TestOptions = {}): AgentTester {
  return new AgentTester(agent, options)
}
