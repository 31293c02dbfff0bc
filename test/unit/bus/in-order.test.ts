/** What takes time keeps its place among what does not, and too much of it is dropped as a whole. */
import { describe, expect, it } from 'vitest'
import { InOrder } from '../../../src/bus/nats/in-order.js'

function opened() {
  let open = () => {}
  const promise = new Promise<void>((resolve) => {
    open = resolve
  })
  return { promise, open }
}

describe('work in order', () => {
  it('is done at once while nothing waits, and per key one after the other', async () => {
    const done: string[] = []
    const order = new InOrder(10, (key) => done.push(`${key} lost`))
    const at = (what: string) => () => {
      done.push(what)
      return undefined
    }
    order.run('a', at('a1'))
    expect(done).toEqual(['a1'])
    const gate = opened()
    order.run('a', () => gate.promise.then(() => void done.push('a2')))
    order.run('a', at('a3'))
    order.run('b', at('b1'))
    expect(done).toEqual(['a1', 'b1'])
    gate.open()
    await order.settled(1_000)
    order.run('a', at('a4'))
    expect(done).toEqual(['a1', 'b1', 'a2', 'a3', 'a4'])
  })

  it('says that something was lost when it fails, or when more waits than may, and goes on', async () => {
    const done: string[] = []
    const order = new InOrder(2, (key) => done.push(`${key} lost`))
    const gate = opened()
    order.run('a', () => gate.promise)
    for (let i = 0; i < 4; i += 1) {
      order.run('a', () => {
        done.push(`a${i}`)
        return undefined
      })
    }
    gate.open()
    await order.settled(1_000)
    expect(done).toEqual(['a lost', 'a3'])
    order.run('a', () => Promise.reject(new Error('no')))
    await order.settled(1_000)
    expect(done).toEqual(['a lost', 'a3', 'a lost'])
  })
})
