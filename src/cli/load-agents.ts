/** Loads the agents that a module exports. */
import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { AgentDefinition } from '../agent/agent-definition.js'
import { type AgentSource, agentDefinition, isAgentClass, isAgentInstance } from '../agent/class/agent-class.js'
import { loadFailure, placeOfSyntaxError } from './load-failure.js'

/** A file that cannot be served; the message says what to do. */
export class LoadError extends Error {
  override readonly name = 'LoadError'
}

/**
 * @param files paths of JavaScript or TypeScript modules: of each its default export, one agent or an array, and its named
 *   exports; the first agent of the first file is the default one
 * @throws LoadError no such file, no agent in it, an error in it, or TypeScript that has to be compiled and nothing to do it
 *   with
 */
export async function loadAgents(files: readonly string[]): Promise<AgentDefinition[]> {
  const agents = new Set<AgentDefinition>()
  for (const file of files) for (const agent of await loadFile(file)) agents.add(agent)
  return [...agents]
}

async function loadFile(file: string): Promise<AgentDefinition[]> {
  const path = resolve(file)
  if (!existsSync(path)) throw new LoadError(`${file}: no such file`)
  if (!statSync(path).isFile()) throw new LoadError(`${file} is no file: name the module that exports the agents`)
  const module = await load(file, pathToFileURL(path).href)
  const agents = agentsIn(exportsOf(module))
  if (agents.length === 0) {
    throw new LoadError(
      `${file} exports no agent. Export what agent(...) returns, or a class that extends Agent: as the default export, as an array, or by name.`,
    )
  }
  return agents
}

/** Node strips types; what has to be compiled, such as decorators, is left to tsx. */
async function load(file: string, url: string): Promise<Record<string, unknown>> {
  let place: string | undefined
  try {
    return await import(url)
  } catch (error) {
    if (error instanceof SyntaxError) place = placeOfSyntaxError(error, url)
    if (!needsCompiler(error)) throw new LoadError(loadFailure(file, error, place), { cause: error })
  }
  const compilers = await Promise.all([import('tsx/cjs/api'), import('tsx/esm/api')]).catch(() => undefined)
  if (compilers === undefined) {
    throw new LoadError(
      `${file}, or a file it imports, has decorators or other syntax that Node cannot run as it is. Install a compiler for it, 'npm install tsx', or compile it to JavaScript first.${place === undefined ? '' : `\n${place}`}`,
    )
  }
  // For the life of the process: agents may load further files later.
  for (const compiler of compilers) compiler.register()
  try {
    // Under another name: Node remembers that the first could not be read.
    return await import(`${url}?compiled`)
  } catch (error) {
    throw new LoadError(loadFailure(file, error, undefined), { cause: error })
  }
}

/** What Node says of TypeScript that is more than types, and of a decorator: of that also elsewhere than where it stands. */
function needsCompiler(error: unknown): boolean {
  if (!(error instanceof SyntaxError)) return false
  if ('code' in error) return error.code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX'
  return error.message === 'Invalid or unexpected token'
}

/** All exports, those of a CommonJS module too. */
function exportsOf(module: Record<string, unknown>): unknown[] {
  const inner = module.default
  const nested = typeof inner === 'object' && inner !== null && !isAgent(inner) ? Object.values(inner) : []
  return [...Object.values(module), ...nested].flat()
}

/** One agent for each that is exported, and one of each class of which no instance is. */
function agentsIn(exported: readonly unknown[]): AgentDefinition[] {
  const made = exported.filter((value) => isAgent(value) || isAgentInstance(value))
  const classes = exported.filter(isAgentClass).filter((type) => !made.some((value) => value instanceof type))
  return [...new Set<AgentSource>([...made, ...[...new Set(classes)].map((type) => new type())])].map(agentDefinition)
}

function isAgent(value: unknown): value is AgentDefinition {
  return typeof value === 'object' && value !== null && 'handler' in value && 'id' in value && 'answers' in value
}
