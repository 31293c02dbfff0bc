/** What `src` exports is used there: what only tests call is theirs. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Loaded by their paths: by Temporal, and by the migrator, to which a file is an object. */
const LOADED = /^src\/(?:temporal\/workflow\/index|store\/migrations\/[\w-]+)\.ts$/

const OF_OLD_CLIENTS = 'how the tests read what 0.3 answers over gRPC and REST, beside how its requests are read'

/** Only tests use them, and why they are there all the same. */
const ALLOWED: Readonly<Record<string, string>> = {
  'src/bindings/dialects/v0_3/proto/to-v1.ts: eventToV1': OF_OLD_CLIENTS,
  'src/bindings/dialects/v0_3/proto/to-v1.ts: taskPushConfigToV1': OF_OLD_CLIENTS,
}

const VALUE = /^export (?:abstract )?(?:async )?(?:const|let|function\*?|class|enum) (\w+)/gm
const SPECIFIER = /(?:\bfrom|\bimport)\s*\(?\s*'(\.[^']+|#failpoints)'/g

const texts = new Map(
  readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join('src', file).replaceAll('\\', '/'))
    .map((file) => [file, readFileSync(join(ROOT, file), 'utf8')]),
)

interface Exported {
  readonly file: string
  readonly name: string
}

/** Files that import the other one, at their start or when they need it. */
const importers = new Map<string, string[]>()
for (const [file, text] of texts) {
  for (const [, specifier = ''] of text.matchAll(SPECIFIER)) {
    const path = specifier === '#failpoints' ? 'src/internal/fail-points.ts' : join(dirname(file), specifier)
    const imported = path.replaceAll('\\', '/').replace(/\.js$/, '.ts')
    importers.set(imported, [...(importers.get(imported) ?? []), file])
  }
}

function entries(): Set<string> {
  const { exports, bin } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    exports: Record<string, string>
    bin: Record<string, string>
  }
  const paths = [...Object.values(exports), ...Object.values(bin)]
  return new Set(paths.map((path) => path.replace(/^(?:\.\/)?dist\//, '').replace(/\.js$/, '.ts')))
}

function exportedValues(): Exported[] {
  const outside = entries()
  return [...texts]
    .filter(([file]) => !outside.has(file) && !LOADED.test(file))
    .flatMap(([file, text]) => [...text.matchAll(VALUE)].map(([, name = '']) => ({ file, name })))
}

function isImported({ file, name }: Exported): boolean {
  const isThere = new RegExp(`\\b${name}\\b`)
  return (importers.get(file) ?? []).some((importer) => isThere.test(texts.get(importer) ?? ''))
}

/** Without its comments. */
function isUsedAtHome({ file, name }: Exported): boolean {
  const code = (texts.get(file) ?? '').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
  return [...code.matchAll(new RegExp(`\\b${name}\\b`, 'g'))].length > 1
}

describe('exported values', () => {
  it('are used in src', () => {
    const unused = exportedValues().filter((each) => !isImported(each) && !isUsedAtHome(each))
    expect(unused.map(({ file, name }) => `${file}: ${name}`).sort()).toEqual(Object.keys(ALLOWED).sort())
  })
})
