/** What each public entry pulls in, by the static imports of everything it reaches. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

const STATEMENT = /(?:^|\n)\s*(?:import|export)\s+(type\s+)?([^'"]*?)from\s+['"]([^'"]+)['"]/g

/** Packages and Node modules that the entry's static graph reaches. Types vanish and do not count. */
function reached(entry: string): string[] {
  const outside = new Set<string>()
  const visited = new Set<string>()
  const visit = (file: string) => {
    if (visited.has(file)) return
    visited.add(file)
    for (const [, type, names = '', specifier = ''] of readFileSync(file, 'utf8').matchAll(STATEMENT)) {
      if (type !== undefined || /^\s*\{\s*(?:type\s+[^,}]+,?\s*)+\}\s*$/.test(names)) continue
      if (specifier.startsWith('.')) visit(join(dirname(file), specifier).replace(/\.js$/, '.ts'))
      else outside.add(specifier)
    }
  }
  visit(join(ROOT, entry))
  return [...outside].sort()
}

describe('entries', () => {
  it('"." is light: what an agent author imports loads no Temporal and no server', () => {
    expect(reached('src/index.ts')).toEqual([])
  })

  it('"./client" runs in a browser: no Temporal, no Node', () => {
    expect(reached('src/client/index.ts')).toEqual([])
  })

  it('"./compat" brings neither Temporal nor the SDK it stands in for', () => {
    expect(reached('src/compat/index.ts').filter((name) => !/^(?:@bufbuild|eventsource-parser)/.test(name))).toEqual([])
  })

  it('"./testing" brings no Temporal, no listening server and no test runner', () => {
    expect(reached('src/testing/index.ts')).toEqual([
      '@bufbuild/protobuf',
      '@bufbuild/protobuf/codegenv2',
      '@bufbuild/protobuf/wkt',
      'node:async_hooks',
      'node:crypto',
      'rate-limiter-flexible',
    ])
  })

  it('"./proto" runs in a browser', () => {
    expect(reached('src/proto/index.ts')).toEqual(['@bufbuild/protobuf/codegenv2', '@bufbuild/protobuf/wkt'])
  })

  it('a gateway loads no worker, which would bring the native core', () => {
    expect(reached('src/process/gateway-process.ts').filter((name) => /worker|workflow|core/.test(name))).toEqual([])
  })

  it('"./server" brings no Temporal', () => {
    expect(reached('src/server/index.ts').filter((name) => name.startsWith('@temporalio'))).toEqual([])
  })
})
