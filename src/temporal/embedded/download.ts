/**
 * The official download of the Temporal CLI, as Temporal's own SDKs do it: a small request that says where the
 * archive is, then the archive. Source: temporalio/sdk-core, crates/sdk-core/src/ephemeral_server.
 *
 * Many networks do not let it through, some by silence. So each answer must begin within seconds, and the bytes must
 * keep coming.
 */
import { createWriteStream, mkdirSync } from 'node:fs'
import { isAbsolute, join, normalize } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { PINNED_CLI_VERSION } from './executable.js'
import type { ProgressListener } from './progress.js'
import { runCommand } from './run-command.js'

export const DOWNLOAD_BASE_URL = 'https://temporal.download'

export interface DownloadOptions {
  /** Default `https://temporal.download`. */
  readonly baseUrl?: string | undefined
  /** Milliseconds until an answer has to begin. Default 5000. */
  readonly answerMs?: number | undefined
  /** Milliseconds without a byte after which the download is given up. Default 10000. */
  readonly stallMs?: number | undefined
  /** Milliseconds for everything. Default 10 minutes. */
  readonly totalMs?: number | undefined
  readonly env: NodeJS.ProcessEnv
  readonly onProgress?: ProgressListener | undefined
  readonly signal?: AbortSignal | undefined
}

interface DownloadInfo {
  readonly archiveUrl: string
  readonly fileToExtract: string
}

/**
 * Downloads and unpacks the CLI into `folder`, and gives the path of the executable.
 *
 * @throws Error for whatever goes wrong; none of it leaves this waiting
 */
export async function downloadCli(folder: string, options: DownloadOptions): Promise<string> {
  const total = AbortSignal.timeout(options.totalMs ?? 600_000)
  const signal = options.signal === undefined ? total : AbortSignal.any([options.signal, total])
  try {
    const info = await askWhere(options, signal)
    const archive = join(folder, 'archive')
    await fetchArchive(info.archiveUrl, archive, options, signal)
    const unpacked = join(folder, 'unpacked')
    mkdirSync(unpacked)
    // tar is part of every supported system, Windows 10 included, and finds out the compression itself.
    await runCommand('tar', ['-xf', archive, '-C', unpacked, info.fileToExtract], {
      env: options.env,
      deadlineMs: 60_000,
      signal,
    })
    return join(unpacked, info.fileToExtract)
  } catch (error) {
    options.signal?.throwIfAborted()
    if (hasUnusedProxy(options.env)) {
      throw new Error('failed (Node ignores the proxy variables unless NODE_USE_ENV_PROXY=1 is set)', { cause: error })
    }
    throw error
  }
}

async function askWhere(options: DownloadOptions, signal: AbortSignal): Promise<DownloadInfo> {
  const base = options.baseUrl ?? DOWNLOAD_BASE_URL
  const url = new URL(`${base}/cli/v${PINNED_CLI_VERSION}`)
  url.searchParams.set('arch', archOf(process.arch))
  url.searchParams.set('platform', process.platform === 'win32' ? 'windows' : process.platform)
  url.searchParams.set('format', 'tar.gz') // there is one for Windows too, made for the SDKs
  const info = await withWatch(url, options.answerMs ?? 5000, signal, async (response, _alive, watched) => {
    const text = await readText(response, watched)
    return parseInfo(url, text)
  })
  const archiveUrl = new URL(info.archiveUrl)
  if (url.protocol === 'https:' && archiveUrl.protocol !== 'https:') {
    throw new Error(`${url.origin} points to an archive without TLS: ${info.archiveUrl}`)
  }
  return info
}

async function fetchArchive(url: string, file: string, options: DownloadOptions, signal: AbortSignal): Promise<void> {
  const began = performance.now()
  const stallMs = options.stallMs ?? 10_000
  await withWatch(new URL(url), options.answerMs ?? 5000, signal, async (response, stillAlive, watched) => {
    if (response.body === null) throw new Error(`${url} answered without a body`)
    const length = Number(response.headers.get('content-length') ?? Number.NaN)
    const totalBytes = Number.isNaN(length) ? undefined : length
    let receivedBytes = 0
    const count = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        receivedBytes += chunk.byteLength
        stillAlive(stallMs)
        options.onProgress?.({ phase: 'download', receivedBytes, totalBytes, elapsedMs: performance.now() - began })
        done(null, chunk)
      },
    })
    stillAlive(stallMs)
    await pipeline(Readable.fromWeb(response.body), count, createWriteStream(file), { signal: watched })
    if (totalBytes !== undefined && receivedBytes !== totalBytes && response.headers.get('content-encoding') === null) {
      throw new Error(`${url} ended after ${receivedBytes} of ${totalBytes} bytes`)
    }
  })
}

/**
 * Fetches `url` and hands the answer on. `stillAlive(ms)` moves the moment when silence counts as failure; reading
 * the body has to stop on the given signal.
 */
async function withWatch<T>(
  url: URL,
  answerMs: number,
  signal: AbortSignal,
  read: (response: Response, stillAlive: (ms: number) => void, watched: AbortSignal) => Promise<T>,
): Promise<T> {
  const silence = new AbortController()
  const watched = AbortSignal.any([signal, silence.signal])
  let timer: NodeJS.Timeout | undefined
  const stillAlive = (ms: number) => {
    clearTimeout(timer)
    timer = setTimeout(() => silence.abort(new Error(`nothing came from ${url.origin} for ${ms} ms`)), ms)
  }
  try {
    stillAlive(answerMs)
    const response = await fetch(url, { signal: watched })
    if (!response.ok) throw new Error(`${url.origin} answered ${response.status} ${response.statusText}`.trimEnd())
    return await read(response, stillAlive, watched)
  } catch (error) {
    if (watched.aborted) throw watched.reason
    throw error
  } finally {
    clearTimeout(timer)
    silence.abort(new Error('done')) // releases a connection whose body was not read to its end
  }
}

/** A page of a captive portal is an answer as well; the description of a download is small. */
const MAX_INFO_BYTES = 64 * 1024

async function readText(response: Response, signal: AbortSignal): Promise<string> {
  if (response.body === null) return ''
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of Readable.fromWeb(response.body, { signal }) as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength
    if (bytes > MAX_INFO_BYTES)
      throw new Error(`${new URL(response.url).origin} answered with something else than JSON`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parseInfo(url: URL, text: string): DownloadInfo {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new Error(`${url.origin} answered with something else than JSON`, { cause: error })
  }
  const { archiveUrl, fileToExtract } = (value ?? {}) as Record<string, unknown>
  if (typeof archiveUrl !== 'string' || typeof fileToExtract !== 'string') {
    throw new Error(`${url.origin} answered without archiveUrl and fileToExtract`)
  }
  const inside = normalize(fileToExtract)
  if (isAbsolute(inside) || inside.startsWith('..') || inside.startsWith('-')) {
    throw new Error(`${url.origin} names a file outside the archive: ${fileToExtract}`)
  }
  return { archiveUrl, fileToExtract }
}

function archOf(arch: string): string {
  if (arch === 'x64') return 'amd64'
  if (arch === 'arm64') return 'arm64'
  throw new Error(`there is no official build for ${arch}`)
}

function hasUnusedProxy(env: NodeJS.ProcessEnv): boolean {
  return (env.HTTPS_PROXY ?? env.https_proxy ?? '') !== '' && env.NODE_USE_ENV_PROXY !== '1'
}
