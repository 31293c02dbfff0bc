import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { buildCli } from '../../../../src/temporal/embedded/build.js'
import type { TemporalProgress } from '../../../../src/temporal/embedded/progress.js'
import { bareEnv, temporaryFolder, writeFakeGo, writeScript } from './fixtures.js'

describe('buildCli', () => {
  it('builds what go.sum pins, without C, and reports modules and packages', async () => {
    const folder = temporaryFolder()
    const calls = join(folder, 'calls')
    writeFakeGo(join(folder, 'bin'), calls)
    const env = bareEnv(folder, { PATH: `${join(folder, 'bin')}:/usr/bin:/bin` })
    const progress: TemporalProgress[] = []
    const path = await buildCli(folder, { env, onProgress: (step) => progress.push(step) })
    expect(path).toBe(join(folder, 'temporal'))
    expect(existsSync(path)).toBe(true)
    expect(readFileSync(calls, 'utf8').trim()).toBe(
      `build -v -mod=readonly -trimpath -buildvcs=false -ldflags -s -w -o ${path} github.com/temporalio/cli/cmd/temporal CGO_ENABLED=0`,
    )
    expect(progress).toContainEqual(expect.objectContaining({ phase: 'modules', modulesDownloaded: 1 }))
    expect(progress.at(-1)).toMatchObject({ phase: 'build', packagesCompiled: 2, packagesTotal: 3 })
  })

  it('keeps reporting while nothing is printed', async () => {
    const folder = temporaryFolder()
    writeFakeGo(join(folder, 'bin'), join(folder, 'calls'), 2)
    const env = bareEnv(folder, { PATH: `${join(folder, 'bin')}:/usr/bin:/bin` })
    const elapsed: number[] = []
    await buildCli(folder, { env, onProgress: (step) => step.phase === 'build' && elapsed.push(step.elapsedMs) })
    expect(elapsed.filter((ms) => ms > 900 && ms < 1900)).not.toEqual([])
  })

  it('says that there is no Go', async () => {
    const folder = temporaryFolder()
    await expect(buildCli(folder, { env: bareEnv(folder, { PATH: folder }) })).rejects.toThrow(/no `go` on PATH/)
  })

  it('says what Go says', async () => {
    const folder = temporaryFolder()
    writeScript(
      join(folder, 'go'),
      'echo "go: go.mod requires go >= 1.26.4 (running go 1.22.1; GOTOOLCHAIN=local)" >&2',
      'exit 1',
    )
    const build = buildCli(folder, { env: bareEnv(folder, { PATH: `${folder}:/usr/bin:/bin` }) })
    await expect(build).rejects.toThrow(/requires go >= 1\.26\.4 \(running go 1\.22\.1/)
  })

  it('ends Go on the signal and at the deadline', async () => {
    const folder = temporaryFolder()
    writeFakeGo(join(folder, 'bin'), join(folder, 'calls'), 5)
    const env = bareEnv(folder, { PATH: `${join(folder, 'bin')}:/usr/bin:/bin` })
    const began = performance.now()
    const giveUp = new AbortController()
    const onProgress = (step: TemporalProgress) =>
      step.phase === 'build' && step.packagesCompiled === 1 && giveUp.abort(new Error('enough'))
    await expect(buildCli(folder, { env, signal: giveUp.signal, onProgress })).rejects.toThrow('enough')
    await expect(buildCli(folder, { env, totalMs: 500 })).rejects.toThrow(/took longer/)
    expect(performance.now() - began).toBeLessThan(5000)
  })
})
