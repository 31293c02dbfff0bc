/** Waiting for the operator: Ctrl-C or SIGTERM once stops in order, a second one at once. */

/** @param onFirst called at the first signal, before the promise resolves */
export function untilSignal(onFirst: () => void): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let seen = false
    const onSignal = (signal: NodeJS.Signals) => {
      if (seen) process.exit(130)
      seen = true
      onFirst()
      resolve(signal)
    }
    process.on('SIGINT', onSignal)
    process.on('SIGTERM', onSignal)
  })
}
