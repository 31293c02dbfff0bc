/** Random numbers that a seed gives again. */

export interface Random {
  /** From 0 up to, not including, `below`. */
  int(below: number): number
  pick<T>(list: readonly T[]): T
  chance(probability: number): boolean
}

/** mulberry32. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    int: (below) => Math.floor(next() * below),
    pick: (list) => {
      const value = list[Math.floor(next() * list.length)]
      if (value === undefined) throw new Error('nothing to pick from')
      return value
    },
    chance: (probability) => next() < probability,
  }
}
