/** Files that `serve FILE` loads, in processes of their own as a user has them. Needs the build. */
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { endAll, runCli } from '../support/processes.js'
import { send, taskOf, textOf } from '../support/reading.js'
import { wireNamed } from '../support/wires.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const FIXTURES = join(ROOT, 'test/fixtures')
const WITHOUT_TSX = `--import=${new URL('../fixtures/without-tsx.mjs', import.meta.url).href}`

let directory: string

beforeAll(async () => {
  // Inside the repository, so that the package's name is found.
  directory = await mkdtemp(join(FIXTURES, 'written-'))
})

afterEach(endAll)

afterAll(() => rm(directory, { recursive: true, force: true }))

function serveFile(file: string, env: NodeJS.ProcessEnv = {}) {
  return runCli(['serve', file, '--port', '0', '--engine', 'memory', '--json'], env)
}

async function written(name: string, code: string): Promise<string> {
  const file = join(directory, name)
  await writeFile(file, code)
  return file
}

describe('a file with decorators', { timeout: 60_000 }, () => {
  it('is compiled, and what it exports twice is one agent', async () => {
    const { url } = await serveFile('test/fixtures/class-agent.ts').json<{ url: string }>()
    const wire = wireNamed('rest', url)
    expect(textOf(taskOf(await wire.call('sendMessage', send('Ann'))))).toBe('Hello, Ann!')
    const shout = send('Ann', {}, { metadata: { skill: 'shout' } })
    expect(textOf(taskOf(await wire.call('sendMessage', shout)))).toBe('ANN')
    const card = await fetch(`${url}/.well-known/agent-card.json`)
    expect(await card.json()).toHaveProperty('skills', [
      { id: 'shout', name: 'shout', description: 'shout', tags: ['loud'] },
    ])
  })

  it('is compiled also where the package does not say that its files are modules', async () => {
    const project = await mkdtemp(join(directory, 'commonjs-'))
    await writeFile(join(project, 'package.json'), '{}')
    await mkdir(join(project, 'node_modules'))
    await symlink(ROOT, join(project, 'node_modules/temporal-a2a'))
    for (const name of ['class-agent.ts', 'greeting.ts']) await copyFile(join(FIXTURES, name), join(project, name))
    const { url } = await serveFile(join(project, 'class-agent.ts')).json<{ url: string }>()
    expect(textOf(taskOf(await wireNamed('rest', url).call('sendMessage', send('Ann'))))).toBe('Hello, Ann!')
  })

  it('says what to install where there is no compiler', async () => {
    const cli = serveFile('test/fixtures/class-agent.ts', { NODE_OPTIONS: WITHOUT_TSX })
    expect(await cli.ended).not.toBe(0)
    expect(cli.stderr()).toContain('test/fixtures/class-agent.ts, or a file it imports, has decorators')
    expect(cli.stderr()).toContain('npm install tsx')
    expect(cli.stderr()).not.toContain('    at ')
  })
})

describe('a file that cannot be loaded', { timeout: 60_000 }, () => {
  async function refused(name: string, code: string): Promise<string> {
    const cli = serveFile(await written(name, code))
    expect(await cli.ended).toBe(1)
    expect(cli.stderr()).not.toMatch(/node:internal|dist\/src/)
    return cli.stderr()
  }

  it.each([
    ['broken.mjs', 'export const a = (1\n}\n', /broken\.mjs: Unexpected token '}'\n.*broken\.mjs:2\n}\n\^/],
    ['broken.ts', 'export const a = 1\nexport const b = `\n', /broken\.ts: Unterminated template\n.*broken\.ts:2\n/],
    [
      'half.mjs',
      "import { nothing } from 'temporal-a2a'\n",
      /half\.mjs: .*'nothing'\n.*half\.mjs:1\nimport { nothing }/,
    ],
    ['throws.mjs', "\nthrow new Error('no key')\n", /throws\.mjs: no key\n {4}at .*throws\.mjs:2:7/],
    ['text.mjs', "throw 'text'\n", /text\.mjs: text\n/],
  ])('is named with the place of the error: %s', async (name, code, expected) => {
    expect(await refused(name, code)).toMatch(expected)
  })

  it('is no folder', async () => {
    const cli = serveFile(directory)
    expect(await cli.ended).toBe(1)
    expect(cli.stderr()).toContain('is no file: name the module that exports the agents')
  })
})

describe('a file without', { timeout: 60_000 }, () => {
  it('needs no compiler: a class described in plain JavaScript', async () => {
    const cli = serveFile('test/fixtures/described-agent.mjs', { NODE_OPTIONS: WITHOUT_TSX })
    const { url } = await cli.json<{ url: string }>()
    expect(textOf(taskOf(await wireNamed('rest', url).call('sendMessage', send('Bob'))))).toBe('Hello, Bob!')
  })

  it('reports what it throws itself, unchanged', async () => {
    const cli = serveFile(await written('throws.ts', `JSON.parse('{')\nexport {}\n`))
    expect(await cli.ended).not.toBe(0)
    expect(cli.stderr()).toContain('JSON')
    expect(cli.stderr()).not.toContain('tsx')
  })

  it('must export an agent', async () => {
    const cli = serveFile(
      await written('nothing.ts', `export { Agent } from 'temporal-a2a'\nexport const x = { a: 1 }\n`),
    )
    expect(await cli.ended).not.toBe(0)
    expect(cli.stderr()).toContain('exports no agent')
  })
})
