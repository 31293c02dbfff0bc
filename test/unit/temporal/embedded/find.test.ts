import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { cacheDirectory, cachedBinary } from '../../../../src/temporal/embedded/cache.js'
import { TemporalNotFoundError } from '../../../../src/temporal/embedded/errors.js'
import { type FindExecutableOptions, findExecutable } from '../../../../src/temporal/embedded/find.js'
import type { TemporalProgress } from '../../../../src/temporal/embedded/progress.js'
import { bareEnv, listeningLogger, temporaryFolder, writeFakeCli, writeFakeGo, writeScript } from './fixtures.js'

/** A network that lets nothing through, at once. */
const BLOCKED = { download: { baseUrl: 'http://127.0.0.1:1' } }

interface Setup {
  readonly folder: string
  readonly logger: ReturnType<typeof listeningLogger>
  find(more?: Partial<FindExecutableOptions>): ReturnType<typeof findExecutable>
}

/** `on` names the sources that work, each with a CLI version that tells it from the others. */
function setUp(on: readonly ('named' | 'path' | 'cache' | 'go')[]): Setup {
  const folder = temporaryFolder()
  const bin = join(folder, 'bin')
  const env = bareEnv(folder, { PATH: `${bin}:/usr/bin:/bin` })
  if (on.includes('named')) env.TEMPORAL_CLI_PATH = writeFakeCli(join(folder, 'named'), { cli: '1.0.1' })
  if (on.includes('path')) writeFakeCli(join(bin, 'temporal'), { cli: '1.0.2' })
  if (on.includes('cache')) writeFakeCli(cachedBinary(cacheDirectory(env)), { cli: '1.0.3' })
  if (on.includes('go')) writeFakeGo(bin, join(folder, 'calls'))
  const logger = listeningLogger()
  return { folder, logger, find: (more) => findExecutable({ env, logger, sources: BLOCKED, ...more }) }
}

describe('findExecutable', () => {
  it('takes TEMPORAL_CLI_PATH before everything', async () => {
    const { find, folder } = setUp(['named', 'path', 'cache', 'go'])
    expect(await find()).toEqual({
      path: join(folder, 'named'),
      source: { kind: 'executable', detail: `${join(folder, 'named')} (TEMPORAL_CLI_PATH)` },
      cliVersion: '1.0.1',
      serverVersion: '1.31.2',
    })
  })

  it('takes PATH before the cache', async () => {
    const { find, folder } = setUp(['path', 'cache', 'go'])
    expect(await find()).toMatchObject({ path: join(folder, 'bin', 'temporal'), source: { kind: 'executable' } })
  })

  it('takes the cache before download and build, and knows its version by its name', async () => {
    const { find, folder } = setUp(['cache', 'go'])
    expect(await find()).toMatchObject({ source: { kind: 'cache' }, cliVersion: '1.8.2' })
    expect(existsSync(join(folder, 'calls'))).toBe(false)
  })

  it('builds when the download fails, and finds the result in the cache the next time', async () => {
    const { find, folder } = setUp(['go'])
    const built = await find()
    expect(built).toMatchObject({ source: { kind: 'build' }, cliVersion: '1.8.2', serverVersion: '1.31.2' })
    expect(await find()).toMatchObject({ path: built.path, source: { kind: 'cache' } })
    expect(readdirSync(join(folder, 'cache', 'temporal-a2a'))).toEqual([
      `temporal-1.8.2-${process.platform}-${process.arch}`,
    ])
  })

  it('goes on to the build within seconds when the download hangs', async () => {
    const { find } = setUp(['go'])
    const server = createServer(() => undefined)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const began = performance.now()
    const found = await find({ sources: { download: { baseUrl, answerMs: 300 } } })
    expect(found.source.kind).toBe('build')
    expect(performance.now() - began).toBeLessThan(5000)
  })

  it('looks elsewhere, and warns, when TEMPORAL_CLI_PATH does not work', async () => {
    const { find, folder, logger } = setUp(['path'])
    const env = bareEnv(folder, { PATH: join(folder, 'bin'), TEMPORAL_CLI_PATH: join(folder, 'missing') })
    expect(await find({ env })).toMatchObject({ source: { kind: 'executable' }, cliVersion: '1.0.2' })
    expect(logger.lines).toContainEqual(expect.objectContaining({ level: 'warn' }))
  })

  it('replaces a cached file that does not run', async () => {
    const { find, folder } = setUp(['go'])
    const binary = cachedBinary(join(folder, 'cache', 'temporal-a2a'))
    writeScript(binary, 'exit 1')
    expect(await find()).toMatchObject({ path: binary, source: { kind: 'build' } })
  })

  it('builds once when two look at the same time: the second waits for the first', async () => {
    const { find, folder } = setUp([])
    writeFakeGo(join(folder, 'bin'), join(folder, 'calls'), 1)
    const progress: TemporalProgress[] = []
    const both = await Promise.all([find(), find({ onProgress: (step) => progress.push(step) })])
    const kinds = both.map((found) => found.source.kind)
    expect(kinds.toSorted()).toEqual(['build', 'cache'])
    expect(readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n')).toHaveLength(1)
    if (kinds[1] === 'cache') expect(progress).toContainEqual(expect.objectContaining({ phase: 'wait' }))
  })

  it('names every source it tried, what it said, and what to do', async () => {
    const { find, folder } = setUp([])
    writeScript(join(folder, 'bin', 'go'), 'echo "go: no network here" >&2', 'exit 1')
    const error: unknown = await find().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(TemporalNotFoundError)
    const { tried, message } = error as TemporalNotFoundError
    expect(tried.map(({ source }) => source)).toEqual([
      'TEMPORAL_CLI_PATH',
      'PATH',
      'cache',
      'download',
      'build from Go modules',
    ])
    expect(message).toMatch(/PATH: there is no `temporal` on PATH/)
    expect(message).toMatch(/cache: .*temporal-1\.8\.2-.* does not exist/)
    expect(message).toMatch(/build from Go modules: .*go: no network here/)
    expect(message).toMatch(/TEMPORAL_ADDRESS/)
    expect(message).toMatch(/--engine memory \(not durable/)
  })

  it('says so when the cache cannot be written', async () => {
    const { find, folder } = setUp(['go'])
    writeScript(join(folder, 'cache'), '# a file where a folder has to be')
    await expect(find()).rejects.toThrow(/download and build: .*(EEXIST|ENOTDIR)/)
  })

  it('ends with the reason of the signal', async () => {
    const { find } = setUp([])
    await expect(find({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
  })
})

describe('cacheDirectory', () => {
  it('follows XDG_CACHE_HOME, else the custom of the platform', () => {
    expect(cacheDirectory({ XDG_CACHE_HOME: '/x', HOME: '/home/a' }, 'linux')).toBe('/x/temporal-a2a')
    expect(cacheDirectory({ HOME: '/home/a' }, 'linux')).toBe('/home/a/.cache/temporal-a2a')
    expect(cacheDirectory({ HOME: '/Users/a' }, 'darwin')).toBe('/Users/a/Library/Caches/temporal-a2a')
    expect(cacheDirectory({ LOCALAPPDATA: '/local' }, 'win32')).toBe('/local/temporal-a2a')
  })
})
