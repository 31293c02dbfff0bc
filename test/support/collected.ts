/** Whether objects have become garbage: for what must not be kept. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** How many of the objects are still held by somebody, after a garbage collection. */
export async function stillHeld(objects: readonly WeakRef<object>[]): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  // An object that a WeakRef was made of, or that was asked for, lives to the end of that turn.
  await new Promise((resolve) => setImmediate(resolve))
  collect()
  return objects.filter((object) => object.deref() !== undefined).length
}
