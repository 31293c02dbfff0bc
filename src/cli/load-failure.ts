/** What is told of an agents' file that cannot be loaded: which file, where in it, and why. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const CHECK_MS = 5_000
/** Lines of the stack that are shown: those of the author's own code. */
const MAX_FRAMES = 3

/** The text for the operator. */
export function loadFailure(file: string, error: unknown, place: string | undefined): string {
  if (!(error instanceof Error)) return `${file}: ${String(error)}`
  const where = place ?? ownFrames(error).join('\n')
  return `${file}: ${error.message}${where === '' ? '' : `\n${where}`}`
}

/** Where a syntax error is, as Node shows it: path and line, the line itself, a caret. Undefined when nobody knows. */
export function placeOfSyntaxError(error: SyntaxError, url: string): string | undefined {
  const shown = error.stack ?? ''
  // Of a module Node shows the place only when the error ends a process.
  return frameIn(shown) ?? frameIn(spawnSync(process.execPath, ['--check', fileURLToPath(url)], CHECK).stderr ?? '')
}

const CHECK = { encoding: 'utf8', timeout: CHECK_MS } as const

/** What comes before the name of the error. */
function frameIn(text: string): string | undefined {
  const end = text.search(/^\w*Error\b/m)
  const frame = end <= 0 ? '' : text.slice(0, end).trimEnd()
  return /:\d+$/m.test(frame) ? frame : undefined
}

function ownFrames({ stack = '' }: Error): string[] {
  return stack
    .split('\n')
    .filter((line) => /^\s+at .*(?:file:|\/|\\)/.test(line) && !/node:|node_modules|[/\\]dist[/\\]src[/\\]/.test(line))
    .slice(0, MAX_FRAMES)
}
