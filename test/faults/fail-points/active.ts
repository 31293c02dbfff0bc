/**
 * What `#failpoints` is under the condition `temporal-a2a-faults`: a process that reaches an armed moment says so in a
 * file and does what it was armed for. Orders are files in the directory FAULTS_DIR, so they outlive every process, and
 * one rename decides who takes an order when several processes reach the moment at once.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FailPoint, FailPointName } from '../../../src/internal/fail-points.js'
import type { Order } from './orders.js'

const directory = process.env.FAULTS_DIR

function reach(name: FailPointName, subject: string): void {
  if (directory === undefined) return
  const armed = join(directory, `armed.${name}`)
  if (!existsSync(armed)) return
  let order: Order
  const taken = join(directory, `taken.${name}.${process.pid}`)
  try {
    order = JSON.parse(readFileSync(armed, 'utf8')) as Order
    if (order.only !== undefined && !subject.includes(order.only)) return
    renameSync(armed, taken)
  } catch {
    return // another process was faster
  }
  writeFileSync(join(directory, `reached.${order.id}.part`), JSON.stringify({ pid: process.pid, subject }))
  renameSync(join(directory, `reached.${order.id}.part`), join(directory, `reached.${order.id}`))
  act(order, join(directory, `release.${order.id}`))
}

function act(order: Order, release: string): void {
  switch (order.action) {
    case 'kill':
      process.kill(process.pid, 'SIGKILL')
      pause(release)
      return
    case 'stop':
      process.kill(process.pid, 'SIGSTOP')
      return
    case 'throw':
      throw new Error('a fault that was ordered')
    case 'pause':
      pause(release)
  }
}

/** Blocks the whole process, as an endless loop in it would. */
function pause(release: string): void {
  const cell = new Int32Array(new SharedArrayBuffer(4))
  const end = Date.now() + 60_000
  while (!existsSync(release) && Date.now() < end) Atomics.wait(cell, 0, 0, 5)
}

export const failPoint: FailPoint | undefined = reach
