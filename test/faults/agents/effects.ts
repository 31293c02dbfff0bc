/** What agents do in the world, written down so that no crash can take it back. */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Effect } from '../history/history.js'

/** One line, forced to disk before this returns. Lines of several processes do not mix: each is one append. */
export function writeEffect(directory: string, effect: Omit<Effect, 'kind' | 'at' | 'pid'>): void {
  const file = openSync(join(directory, 'effects.jsonl'), 'a')
  try {
    const line: Effect = { kind: 'effect', at: Date.now(), pid: process.pid, ...effect }
    writeSync(file, `${JSON.stringify(line)}\n`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

export function readEffects(directory: string): Effect[] {
  const file = join(directory, 'effects.jsonl')
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Effect)
}
