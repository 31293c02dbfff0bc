/** Percentiles and rounds. */

export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? Number.NaN
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5)
}

/** Milliseconds that each of `count` calls took, one after the other. */
export async function oneByOne(count: number, call: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < count; i += 1) {
    const begun = performance.now()
    await call()
    times.push(performance.now() - begun)
  }
  return times
}

/** Calls per second with so many under way at once. */
export async function perSecond(count: number, atOnce: number, call: () => Promise<unknown>): Promise<number> {
  const begun = performance.now()
  let left = count
  const lane = async () => {
    while (left > 0) {
      left -= 1
      await call()
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  return (count / (performance.now() - begun)) * 1000
}

/** The machine's speed drifts: both sides are measured in turn, and the middle of the rounds counts. */
export async function inTurn(
  rounds: number,
  ours: () => Promise<number>,
  theirs: () => Promise<number>,
): Promise<{ value: number; beside: number }> {
  const values: number[] = []
  const besides: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    besides.push(await theirs())
    values.push(await ours())
  }
  return { value: median(values), beside: median(besides) }
}
