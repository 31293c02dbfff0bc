import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  commandLine,
  isRunning,
  listCommandLines,
  parseProcessList,
  processMark,
} from '../../../../src/temporal/embedded/process-info.js'

describe('processMark', () => {
  it('stays the same for one process and differs from another', () => {
    const child = spawn('sleep', ['5'])
    onTestFinished(() => void child.kill('SIGKILL'))
    const pid = child.pid ?? 0
    expect(processMark(pid)).toBe(processMark(pid))
    expect(processMark(pid)).not.toBe(processMark(process.pid))
    expect(commandLine(pid)).toBe('sleep 5')
    expect(listCommandLines()).toContainEqual({ pid, line: 'sleep 5' })
  })

  it('is undefined for a process that has ended', async () => {
    const child = spawn('true')
    await once(child, 'exit')
    expect(processMark(child.pid ?? 0)).toBeUndefined()
    expect(isRunning(child.pid ?? 0)).toBe(false)
  })

  it('takes a zombie for ended: where nobody reaps, the dead stay visible', async () => {
    // The shell starts one that ends a little later, and by then has become a program that does not know of its child.
    const child = spawn('sh', ['-c', 'sleep 1 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    const zombie = Number(line.toString())
    await vi.waitFor(() => expect(isRunning(zombie)).toBe(false), 10_000)
    expect(processMark(zombie)).toBeUndefined()
    expect(() => process.kill(zombie, 0)).not.toThrow() // it is still there, so the test has tested something
  })
})

describe('parseProcessList', () => {
  it('reads what ps prints', () => {
    expect(parseProcessList('    1 /sbin/launchd\n  812 /bin/temporal server start-dev --port 7\n')).toEqual([
      { pid: 1, line: '/sbin/launchd' },
      { pid: 812, line: '/bin/temporal server start-dev --port 7' },
    ])
  })
})
