/** What the tests of this folder share: a folder of their own, programs that pretend, a logger that listens. */
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Logger } from '../../../../src/internal/logger.js'

export function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'embedded-')))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A program in the shell's language. */
export function writeScript(path: string, ...lines: string[]): string {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, ['#!/bin/sh', ...lines, ''].join('\n'))
  chmodSync(path, 0o755)
  return path
}

/** Says of itself what a Temporal CLI says, and dies with the words of `server` when it is to serve. */
export function writeFakeCli(path: string, versions: { cli?: string; server?: string; dies?: string } = {}): string {
  const { cli = '9.9.9', server = '1.31.2', dies = 'this one cannot serve' } = versions
  return writeScript(
    path,
    `if [ "$1" = --version ]; then echo "temporal version ${cli} (Server ${server}, UI 2.50.1)"; exit 0; fi`,
    `echo "${dies}" >&2`,
    'exit 3',
  )
}

/**
 * A Go toolchain that lists three packages and "compiles" two of them into a fake CLI. Each build leaves a line with
 * its arguments in `calls`.
 */
export function writeFakeGo(folder: string, calls: string, buildSeconds = 0): string {
  return writeScript(
    join(folder, 'go'),
    'if [ "$1" = list ]; then',
    '  echo "go: downloading example.com/one v1.0.0" >&2',
    '  printf "runtime\\nexample.com/one\\ngithub.com/temporalio/cli/cmd/temporal\\n"',
    '  exit 0',
    'fi',
    `echo "$@ CGO_ENABLED=$CGO_ENABLED" >> '${calls}'`,
    'echo "go: downloading example.com/late v1.0.0" >&2',
    'echo example.com/one >&2',
    `sleep ${buildSeconds}`,
    'echo github.com/temporalio/cli/cmd/temporal >&2',
    'while [ "$1" != -o ]; do shift; done',
    'printf \'#!/bin/sh\\necho "temporal version 0.0.0-DEV (Server 1.31.2, UI 2.50.1)"\\n\' > "$2"',
  )
}

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields: Record<string, unknown>
}

export function listeningLogger(): Logger & { readonly lines: LogLine[] } {
  const lines: LogLine[] = []
  const at = (level: LogLine['level']) => (fields: object, message: string) => {
    lines.push({ level, message, fields: { ...fields } })
  }
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

/** Nothing of the machine that runs the tests leaks in, except the system's own programs. */
export function bareEnv(folder: string, more: Record<string, string> = {}): NodeJS.ProcessEnv {
  return { PATH: '/usr/bin:/bin', HOME: folder, XDG_CACHE_HOME: join(folder, 'cache'), ...more }
}
