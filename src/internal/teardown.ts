/** What was started, and how to stop it: in the reverse order, each once, whatever the others do. */
export class Teardown {
  private steps: (() => void | Promise<void>)[] = []

  add(step: () => void | Promise<void>): void {
    this.steps.push(step)
  }

  /**
   * Resolves when everything was stopped. May be called again.
   *
   * @throws the first error of a step, after all of them have run
   */
  async run(): Promise<void> {
    const errors: unknown[] = []
    for (const step of this.steps.splice(0).reverse()) {
      try {
        await step()
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length > 0) throw errors[0]
  }
}

/** Runs `start`; what it has begun is taken down again when it fails. */
export async function startOrTakeDown<T>(start: (teardown: Teardown) => Promise<T>): Promise<T> {
  const teardown = new Teardown()
  try {
    return await start(teardown)
  } catch (error) {
    await teardown.run().catch(() => {})
    throw error
  }
}
