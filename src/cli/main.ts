#!/usr/bin/env node
/** The command line: `temporal-a2a`. */
import { readFileSync } from 'node:fs'
import { nodeProblem } from './node-version.js'

const { version, engines } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string
  readonly engines: { readonly node: string }
}

// Before anything else is loaded: an old Node fails there, by the name of something that it lacks.
const problem = nodeProblem(process.versions.node, engines.node)
if (problem !== undefined) {
  process.stderr.write(`${problem}\n`)
  process.exit(1)
}

// In a container, a variable that is not wanted is often there and empty.
for (const name of Object.keys(process.env)) {
  if (/^TEMPORAL_(?:A2A_|DEPLOYMENT_NAME$|WORKER_BUILD_ID$)/.test(name) && process.env[name] === '')
    delete process.env[name]
}

const { createProgram } = await import('./program.js')
await createProgram(version).parseAsync()
