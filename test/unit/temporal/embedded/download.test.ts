import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { downloadCli } from '../../../../src/temporal/embedded/download.js'
import { readVersions } from '../../../../src/temporal/embedded/executable.js'
import type { TemporalProgress } from '../../../../src/temporal/embedded/progress.js'
import { bareEnv, temporaryFolder, writeFakeCli } from './fixtures.js'

async function serve(handler: RequestListener): Promise<string> {
  const server = createServer(handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** An archive as the official one is: the executable and a licence, at its top. */
function archiveOfCli(folder: string): Buffer {
  writeFakeCli(join(folder, 'in', 'temporal'), { cli: '1.8.2' })
  writeFakeCli(join(folder, 'in', 'LICENSE'))
  execFileSync('tar', ['-czf', join(folder, 'cli.tar.gz'), '-C', join(folder, 'in'), 'temporal', 'LICENSE'])
  return readFileSync(join(folder, 'cli.tar.gz'))
}

/** Sends the description of the archive for `/cli/…`, and `archive` for the rest. */
async function serveDownload(archive: RequestListener, fileToExtract = 'temporal'): Promise<string> {
  const base: string = await serve((request, response) => {
    if (request.url?.startsWith('/cli/'))
      response.end(JSON.stringify({ archiveUrl: `${base}/a.tar.gz`, fileToExtract }))
    else archive(request, response)
  })
  return base
}

async function took<T>(work: Promise<T>): Promise<number> {
  const began = performance.now()
  await work.catch(() => undefined)
  return performance.now() - began
}

describe('downloadCli', () => {
  it('asks where the archive is, fetches it and unpacks the executable', async () => {
    const folder = temporaryFolder()
    const archive = archiveOfCli(folder)
    const asked: (string | undefined)[] = []
    const base = await serveDownload((request, response) => {
      asked.push(request.url)
      response.setHeader('content-length', archive.byteLength)
      response.end(archive)
    })
    const progress: TemporalProgress[] = []
    const env = bareEnv(folder)
    const path = await downloadCli(folder, { baseUrl: base, env, onProgress: (step) => progress.push(step) })
    expect(await readVersions(path, env)).toEqual({ cliVersion: '1.8.2', serverVersion: '1.31.2' })
    expect(asked).toEqual(['/a.tar.gz'])
    const size = archive.byteLength
    expect(progress.at(-1)).toMatchObject({ phase: 'download', receivedBytes: size, totalBytes: size })
  })

  it('asks for this platform and the pinned version', async () => {
    const folder = temporaryFolder()
    const asked: (string | undefined)[] = []
    const base = await serve((request, response) => {
      asked.push(request.url)
      response.writeHead(404).end()
    })
    await expect(downloadCli(folder, { baseUrl: base, env: {} })).rejects.toThrow(/404/)
    const arch = process.arch === 'x64' ? 'amd64' : process.arch
    expect(asked).toEqual([`/cli/v1.8.2?arch=${arch}&platform=${process.platform}&format=tar.gz`])
  })

  it('gives up on a server that accepts and says nothing', async () => {
    const folder = temporaryFolder()
    const base = await serve(() => undefined)
    const download = downloadCli(folder, { baseUrl: base, answerMs: 200, env: {} })
    expect(await took(download)).toBeLessThan(2000)
    await expect(download).rejects.toThrow(/nothing came from .* for 200 ms/)
  })

  it('gives up on a description that begins and does not end', async () => {
    const folder = temporaryFolder()
    const base = await serve((_request, response) => response.write('{"archiveUrl":'))
    const download = downloadCli(folder, { baseUrl: base, answerMs: 200, env: {} })
    expect(await took(download)).toBeLessThan(2000)
    await expect(download).rejects.toThrow(/nothing came/)
  })

  it('gives up on an archive that stops in the middle', async () => {
    const folder = temporaryFolder()
    const base = await serveDownload((_request, response) => {
      response.setHeader('content-length', 1_000_000)
      response.write('some bytes')
    })
    const download = downloadCli(folder, { baseUrl: base, stallMs: 200, env: {} })
    expect(await took(download)).toBeLessThan(2000)
    await expect(download).rejects.toThrow(/nothing came/)
  })

  it('gives up when everything together takes too long, however lively the bytes are', async () => {
    const folder = temporaryFolder()
    const base = await serveDownload((_request, response) => {
      const drops = setInterval(() => response.write('.'), 20)
      response.on('close', () => clearInterval(drops))
    })
    const download = downloadCli(folder, { baseUrl: base, totalMs: 300, env: {} })
    expect(await took(download)).toBeLessThan(2000)
    await expect(download).rejects.toThrow(/timeout/)
  })

  it('does not take a connection that breaks off for the end of the archive', async () => {
    const folder = temporaryFolder()
    const base = await serveDownload((_request, response) => {
      response.setHeader('content-length', 1000)
      response.write('some bytes', () => response.destroy())
    })
    await expect(downloadCli(folder, { baseUrl: base, env: {} })).rejects.toThrow()
  })

  it('refuses an answer that is not the description of a download', async () => {
    const folder = temporaryFolder()
    const portal = await serve((_request, response) => response.end('<html>please log in</html>'))
    await expect(downloadCli(folder, { baseUrl: portal, env: {} })).rejects.toThrow(/something else than JSON/)
    const other = await serve((_request, response) => response.end('{"hello":1}'))
    await expect(downloadCli(folder, { baseUrl: other, env: {} })).rejects.toThrow(/without archiveUrl/)
  })

  it.each(['../temporal', '/bin/temporal', '--checkpoint-action=exec=x'])('refuses to unpack %s', async (name) => {
    const folder = temporaryFolder()
    const base = await serveDownload((_request, response) => response.end('x'), name)
    await expect(downloadCli(folder, { baseUrl: base, env: {} })).rejects.toThrow(/outside the archive/)
  })

  it('says what tar says when the archive is damaged', async () => {
    const folder = temporaryFolder()
    const base = await serveDownload((_request, response) => response.end('this is no archive'))
    await expect(downloadCli(folder, { baseUrl: base, env: bareEnv(folder) })).rejects.toThrow(/tar/)
  })

  it('ends with the reason of the signal', async () => {
    const folder = temporaryFolder()
    const base = await serve(() => undefined)
    const giveUp = new AbortController()
    const download = downloadCli(folder, { baseUrl: base, env: {}, signal: giveUp.signal })
    giveUp.abort(new Error('enough'))
    await expect(download).rejects.toThrow('enough')
  })

  it('names the switch that makes Node use a proxy', async () => {
    const folder = temporaryFolder()
    const base = await serve((_request, response) => response.writeHead(403).end())
    const env = { HTTPS_PROXY: 'http://proxy.example:3128' }
    await expect(downloadCli(folder, { baseUrl: base, env })).rejects.toThrow(/NODE_USE_ENV_PROXY/)
  })
})
