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
 * @param file path of a JavaScript or TypeScript module: its default export, one agent or an array, and its named exports
 * @throws LoadError no such file, or no agent in it
 */
export async function loadAgents(file: string): Promise<AgentDefinition[]> {
  const path = resolve(file)
  if (!existsSync(path)) throw new LoadError(`${file}: no such file`)
  const module = (await import(pathToFileURL(path).href)) as Record<string, unknown>
  const agents = new Set(Object.values(module).flat().filter(isAgent))
  if (agents.size === 0) {
    throw new LoadError(
      `${file} exports no agent. Export what agent(...) returns: as the default export, as an array, or by name.`,
    )
  }
  return [...agents]
}

function isAgent(value: unknown): value is AgentDefinition {
  return typeof value === 'object' && value !== null && 'handler' in value && 'id' in value && 'answers' in value
}
