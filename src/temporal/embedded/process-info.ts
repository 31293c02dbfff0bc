/**
 * Is that process still the one that was meant? A pid alone does not say: it is given again, and the dead stay
 * visible as zombies where nobody reaps them (containers without an init).
 */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** The mark where a platform does not tell when a process began. */
const UNKNOWN_START = 'unknown'

/**
 * Tells a process from an earlier or later one with the same pid: its boot and start time. Undefined when there is
 * no such process. On Windows only whether it is there.
 */
export function processMark(pid: number): string | undefined {
  if (!exists(pid)) return undefined
  if (process.platform === 'win32') return UNKNOWN_START
  if (process.platform === 'linux') {
    const stat = linuxStat(pid)
    if (stat === undefined) return UNKNOWN_START
    return isDeadState(stat.state) ? undefined : `${bootId()}/${stat.startTicks}`
  }
  const [state, started] =
    ps(['-o', 'stat=', '-o', 'lstart=', '-p', String(pid)])
      ?.match(/^(\S+)\s+(.*)$/)
      ?.slice(1) ?? []
  if (state === undefined || started === undefined) return UNKNOWN_START
  return isDeadState(state) ? undefined : started
}

export function isSameProcess(pid: number, mark: string): boolean {
  return processMark(pid) === mark
}

/** Cheaper than `processMark`, for loops that wait for an end. A zombie counts as ended. */
export function isRunning(pid: number): boolean {
  if (!exists(pid)) return false
  const stat = process.platform === 'linux' ? linuxStat(pid) : undefined
  return stat === undefined || !isDeadState(stat.state)
}

/** The words the process was started with, joined; undefined when the platform does not tell. */
export function commandLine(pid: number): string | undefined {
  if (process.platform === 'win32') return undefined
  if (process.platform !== 'linux') return ps(['-ww', '-o', 'command=', '-p', String(pid)])
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
  } catch {
    return undefined // gone, or not ours to look at
  }
}

/** Every process whose command line is told, with that line. None on Windows. */
export function listCommandLines(): { readonly pid: number; readonly line: string }[] {
  if (process.platform === 'win32') return []
  if (process.platform !== 'linux') return parseProcessList(ps(['-ax', '-ww', '-o', 'pid=', '-o', 'command=']) ?? '')
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger)
  return pids.map((pid) => ({ pid, line: commandLine(pid) ?? '' })).filter(({ line }) => line !== '')
}

/** The output of `ps` with the columns pid and command. */
export function parseProcessList(text: string): { readonly pid: number; readonly line: string }[] {
  return [...text.matchAll(/^\s*(\d+)\s+(.+)$/gm)].map(([, pid, line]) => ({ pid: Number(pid), line: line ?? '' }))
}

/** Signals a process and those it started, when it leads a group of its own. False when there is none. */
export function signalGroup(pid: number, signal: NodeJS.Signals): boolean {
  for (const target of process.platform === 'win32' ? [pid] : [-pid, pid]) {
    try {
      process.kill(target, signal)
      return true
    } catch {
      // no such group, or no such process: both mean there is nothing left to signal here
    }
  }
  return false
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function isDeadState(state: string): boolean {
  return state.startsWith('Z') || state.startsWith('X')
}

function linuxStat(pid: number): { state: string; startTicks: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is the name in parentheses and may hold anything, so the fields are counted from its end.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const [state, startTicks] = [fields[0], fields[19]]
    return state === undefined || startTicks === undefined ? undefined : { state, startTicks }
  } catch {
    return undefined // ended between the two looks, or /proc is hidden
  }
}

let knownBootId: string | undefined

/** Start times count from boot, so after a reboot a pid and its start time may both come again. */
function bootId(): string {
  if (knownBootId === undefined) {
    try {
      knownBootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    } catch {
      knownBootId = ''
    }
  }
  return knownBootId
}

function ps(args: readonly string[]): string | undefined {
  const { stdout, status } = spawnSync('ps', args, {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
    timeout: 5000,
    maxBuffer: 16 * 1024 * 1024,
  })
  return status === 0 ? stdout.trim() : undefined
}
