/** The barest workflows that do what ours do: the measure for what Temporal itself costs. */
import { proxyActivities, proxyLocalActivities, proxySinks, type Sinks } from '@temporalio/workflow'

interface Activities {
  turn(message: { text: string }): Promise<{ text: string }>
}

interface RawSinks extends Sinks {
  raw: { done(result: { text: string }): void }
}

const { turn } = proxyActivities<Activities>({ startToCloseTimeout: '1m', heartbeatTimeout: '6s' })
const local = proxyLocalActivities<Activities>({ startToCloseTimeout: '1m' })
const { raw } = proxySinks<RawSinks>()

/** Eager start, eager activity; done when the activity's result is in history. */
export async function rawDurable(message: { text: string }): Promise<{ text: string }> {
  const result = await turn(message)
  raw.done(result)
  return result
}

/** Eager start, local activity. */
export async function rawInline(message: { text: string }): Promise<{ text: string }> {
  return local.turn(message)
}
