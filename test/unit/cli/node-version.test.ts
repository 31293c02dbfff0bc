/** What the command line says on a Node that cannot run it. */
import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { nodeProblem } from '../../../src/cli/node-version.js'

const { engines } = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  engines: { node: string }
}

describe('the version of Node', () => {
  it.each(['22.22.2', '22.30.0', '24.14.1', '24.21.0', '25.0.0', '26.0.0-nightly20260101'])(
    '%s is enough',
    (version) => {
      expect(nodeProblem(version, '^22.22.2 || >=24.14.1')).toBeUndefined()
    },
  )

  it.each(['18.20.0', '20.19.5', '22.22.1', '22.9.9', '23.11.0', '24.14.0', '24.2.9'])('%s is not', (version) => {
    expect(nodeProblem(version, '^22.22.2 || >=24.14.1')).toBe(
      `temporal-a2a needs Node ^22.22.2 || >=24.14.1; this is ${version}`,
    )
  })

  it('is asked for in a form that is understood', () => {
    expect(nodeProblem(process.versions.node, engines.node)).toBeUndefined()
    expect(nodeProblem('20.19.5', engines.node)).toContain(engines.node)
  })

  it('is looked at before anything else is loaded', async () => {
    const main = await readFile(new URL('../../../src/cli/main.ts', import.meta.url), 'utf8')
    const imports = [...main.matchAll(/^import .* from '(.*)'$/gm)].map(([, from]) => from)
    expect(imports).toEqual(['node:fs', './node-version.js'])
  })
})
