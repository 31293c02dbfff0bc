/** Clients of `a2a-sdk` for Python: each version in a virtual environment of its own, outside of the repository. */
import { homedir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { isRequired } from '../../support/required.js'
import { versionOf } from '../run-tool.js'

export interface PythonClient {
  readonly python: string
  readonly found: boolean
  /** For the name of a suite: empty, or why it is skipped. */
  readonly missing: string
}

/**
 * @param name of the environment, as `.ci/run` makes it
 * @param variable of the environment that names another Python
 */
export function pythonClient(name: string, requirements: string, variable: string): PythonClient {
  const venv = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'temporal-a2a', name)
  const install = `python3 -m venv ${venv} && ${venv}/bin/pip install -r ${requirements}`
  const python = process.env[variable] ?? join(venv, 'bin', 'python')
  const found = versionOf(python) !== undefined
  it.runIf(isRequired(name))(`${name} is installed`, () => {
    expect(found, install).toBe(true)
  })
  return { python, found, missing: found ? '' : ` (skipped, not installed: ${install})` }
}
