/** Loads the agents that a module exports. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { AgentDefinition } from '../agent/agent-definition.js'

/** A file that cannot be served; the message says what to do. */
export class LoadError extends Error {
  override readonly name = 'LoadError'
}

/**
 * @param files paths of JavaScript or TypeScript modules: of each its default export, one agent or an array, and its named
 *   exports; the first agent of the first file is the default one
 * @throws LoadError no such file, or no agent in it
 */
export async function loadAgents(files: readonly string[]): Promise<AgentDefinition[]> {
  const agents = new Set<AgentDefinition>()
  for (const file of files) for (const agent of await loadFile(file)) agents.add(agent)
  return [...agents]
}

async function loadFile(file: string): Promise<AgentDefinition[]> {
  const path = resolve(file)
  if (!existsSync(path)) throw new LoadError(`${file}: no such file`)
  const module = (await import(pathToFileURL(path).href)) as Record<string, unknown>
  const agents = Object.values(module).flat().filter(isAgent)
  if (agents.length === 0) {
    throw new LoadError(
      `${file} exports no agent. Export what agent(...) returns: as the default export, as an array, or by name.`,
    )
  }
  return agents
}

function isAgent(value: unknown): value is AgentDefinition {
  return typeof value === 'object' && value !== null && 'handler' in value && 'id' in value && 'answers' in value
}
