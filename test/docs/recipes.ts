/** Code of a Markdown page: by the heading it stands under, compiled as a reader would, and loaded to be tried. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const run = promisify(execFile)

export interface Recipes {
  /** All code blocks of the page, compiled; throws what the compiler says. */
  compile(): Promise<void>
  /** The exports of the n-th block under a heading. */
  load<T>(heading: string, change?: (code: string) => string, n?: number): Promise<T>
  remove(): Promise<void>
}

/** @param page path of a Markdown file, from the root of the repository */
export async function recipesOf(page: string): Promise<Recipes> {
  const text = await readFile(join(ROOT, page), 'utf8')
  const sections = new Map(
    text
      .split(/^#+ /m)
      .slice(1)
      .map((section) => [section.slice(0, section.indexOf('\n')), codeOf(section)]),
  )
  // Inside the repository, so that the package's name is found.
  const directory = await mkdtemp(join(ROOT, 'test/docs/recipes-'))
  let files = 0
  const write = async (block: Block, code = block.code) => {
    files += 1
    const name = code === block.code ? block.file : undefined
    const file = join(directory, name ?? `recipe-${files}.ts`)
    await writeFile(file, code)
    return file
  }
  // Blocks that have a name import each other.
  for (const block of [...sections.values()].flat()) if (block.file !== undefined) await write(block)
  return {
    async compile() {
      const blocks = [...sections.values()].flat().filter(({ language }) => language === 'ts')
      const written = await Promise.all(blocks.map((block) => write(block)))
      const flags =
        '--ignoreConfig --noEmit --strict --module nodenext --target es2023 --skipLibCheck --esModuleInterop --types node'
      const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
      await run(process.execPath, [tsc, ...flags.split(' '), ...written], { cwd: ROOT }).catch(
        (error: { stdout?: string }) => {
          throw new Error(error.stdout)
        },
      )
    },
    async load(heading, change = (code) => code, n = 0) {
      const block = sections.get(heading)?.[n]
      if (block === undefined) throw new Error(`${page} has no code ${n + 1} under ${heading}`)
      return import(await write(block, change(block.code)))
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  }
}

interface Block {
  readonly language: string
  readonly code: string
  /** From a first line such as `// card.ts`. */
  readonly file: string | undefined
}

function codeOf(section: string): Block[] {
  return [...section.matchAll(/```(ts|js)\n([\s\S]*?)```/g)].map(([, language = '', code = '']) => ({
    language,
    code,
    file: /^\/\/ (\S+\.ts)\n/.exec(code)?.[1],
  }))
}
